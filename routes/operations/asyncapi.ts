import { COMPONENT_SCHEMAS, withReferences } from '../../src/protocol/component-schemas.js'
import { CLIENT_MESSAGES, SERVER_MESSAGES } from '../../src/protocol/messages.js'
import { SUBPROTOCOL } from '../../src/protocol/subprotocol.js'

const CHANNELS = {
  orders: {
    address: '/ws/all-seat-datasocket/',
    summary: 'Staff and admins: the orders of each of their theatres',
  },
  order: {
    address: '/ws/payment-socket/{orderId}/',
    summary: 'One order: its owner, staff of its theatre, admins',
  },
  chat: {
    address: '/ws/chat-socket/',
    summary: 'Staff and admins: the conversations of each of their theatres',
  },
}

/** What the service receives and sends on a channel. Only the chat socket takes `send`. */
function messageTypes(channel: string) {
  const received = Object.keys(CLIENT_MESSAGES).filter((type) => channel === 'chat' || type !== 'send')
  return { receive: received, send: Object.keys(SERVER_MESSAGES) }
}

const refs = (base: string, types: string[]) => types.map((type) => ({ $ref: `${base}/messages/${type}` }))

function describeChannel(name: string, { address, summary }: { address: string; summary: string }) {
  const { receive, send } = messageTypes(name)
  const parameters = { orderId: { description: 'a positive 32-bit integer' } }
  return {
    address,
    summary,
    ...(address.includes('{orderId}') ? { parameters } : {}),
    messages: Object.fromEntries(
      [...receive, ...send].map((type) => [type, { $ref: `#/components/messages/${type}` }]),
    ),
  }
}

/** Two operations per channel, from the service's side. */
function describeOperations(name: string) {
  const channel = { $ref: `#/channels/${name}` }
  return Object.entries(messageTypes(name)).map(([action, types]) => [
    `${name}.${action}`,
    { action, channel, messages: refs(`#/channels/${name}`, types) },
  ])
}

function describeMessages() {
  const schemas: Record<string, object> = { ...CLIENT_MESSAGES, ...SERVER_MESSAGES }
  return Object.entries(schemas).map(([name, schema]) => [
    name,
    {
      name,
      summary: 'description' in schema ? schema.description : undefined,
      contentType: 'application/json',
      payload: withReferences(schema),
    },
  ])
}

/** The sockets as AsyncAPI 3 (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */
export const createAsyncApi = () => ({
  asyncapi: '3.0.0',
  info: {
    title: 'houselights: sockets',
    version: '1',
    description: `Subprotocol ${SUBPROTOCOL}: JSON text frames, one object each. Authentication is the session cookie. Refusals come before the upgrade, as HTTP statuses. Close codes: 1000/1001 normal, 1007 invalid UTF-8, 1008 protocol violation, 1009 message too big, 1012 the node restarts (reason retry=N, in ms), 1013 reconnect and resume, 4401 the session has ended, 4403 no group is left.`,
  },
  channels: Object.fromEntries(
    Object.entries(CHANNELS).map(([name, channel]) => [name, describeChannel(name, channel)]),
  ),
  operations: Object.fromEntries(Object.keys(CHANNELS).flatMap(describeOperations)),
  components: { messages: Object.fromEntries(describeMessages()), schemas: COMPONENT_SCHEMAS },
})
