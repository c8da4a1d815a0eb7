import { EVENT_NAMES, SUBPROTOCOL } from '../../src/protocol/messages.js'

const text = (description: string) => ({ type: 'string', description })
const seq = { type: 'integer', minimum: 0 }
const group = text('theatre:{id}:orders, theatre:{id}:chat or order:{id}')

/** A message: an object with `type` first. */
function message(type: string, summary: string, properties: Record<string, object> = {}) {
  return {
    name: type,
    summary,
    contentType: 'application/json',
    payload: {
      type: 'object',
      required: ['type', ...Object.keys(properties)],
      properties: { type: { const: type }, ...properties },
    },
  }
}

const MESSAGES = {
  subscribe: message('subscribe', 'Once. Without a cursor for a group: a snapshot, then events.', {
    cursors: { type: 'object', additionalProperties: seq },
  }),
  ping: message('ping', 'Answered with pong.'),
  send: message('send', 'Chat socket only. A repeated clientId is stored once.', {
    chat: { type: 'integer' },
    text: { type: 'string', maxLength: 2000 },
    clientId: text('the client’s own name for it'),
  }),
  hello: message(
    'hello',
    'The first message of the server. positions: seq of each group’s last event so far; who stands there has caught up.',
    {
      connection: text('names the socket in logs'),
      user: { type: 'object' },
      groups: { type: 'array', items: group },
      positions: { type: 'object', additionalProperties: seq },
      sessionExpiresAt: text('RFC 3339'),
    },
  ),
  snapshot: message('snapshot', 'A group’s state as of event seq.', { group, seq, data: { type: 'object' } }),
  event: message('event', 'seq of a group rises by one from event to event.', {
    group,
    seq,
    name: { enum: [...EVENT_NAMES] },
    at: text('RFC 3339'),
    data: { type: 'object' },
  }),
  left: message('left', 'The right to one group of several has ended.', { group, reason: text('a code') }),
  expiring: message('expiring', 'The session ends then, unless the page uses HTTP before.', {
    at: text('RFC 3339'),
  }),
  stale: message('stale', 'The node can’t promise to be up to date.', { since: text('RFC 3339') }),
  fresh: message('fresh', 'It can again.'),
  presence: message('presence', 'How many staff sockets are open in a theatre.', {
    group,
    online: { type: 'object', properties: { staff: { type: 'integer' } } },
  }),
  pong: message('pong', 'The answer to ping.'),
  error: message('error', 'A message was refused.', {
    code: text('snake_case'),
    message: text('one sentence'),
  }),
}

const CHANNELS = {
  orders: {
    address: '/ws/all-seat-datasocket/',
    summary: 'Staff, admin: the orders of each theatre that is theirs',
  },
  order: {
    address: '/ws/payment-socket/{orderId}/',
    summary: 'The order’s owner, staff of its theatre, admin',
  },
  chat: {
    address: '/ws/chat-socket/',
    summary: 'Staff, admin: the conversations of each theatre that is theirs',
  },
}

/** What clients say; all else the service says. */
const FROM_CLIENTS = ['subscribe', 'ping', 'send']

const messagesOf = (channel: string) =>
  Object.keys(MESSAGES).filter((type) => channel === 'chat' || type !== 'send')

/** Two for each socket, from the service's side: what it receives and what it sends. */
function operationsOf(channel: string) {
  const operation = (action: 'receive' | 'send') => ({
    action,
    channel: { $ref: `#/channels/${channel}` },
    messages: messagesOf(channel)
      .filter((type) => FROM_CLIENTS.includes(type) === (action === 'receive'))
      .map((type) => ({ $ref: `#/channels/${channel}/messages/${type}` })),
  })
  return [
    [`${channel}.receive`, operation('receive')],
    [`${channel}.send`, operation('send')],
  ] as const
}

/** The sockets as AsyncAPI 3 (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */
export const asyncApi = {
  asyncapi: '3.0.0',
  info: {
    title: 'houselights: sockets',
    version: '1',
    description: `Subprotocol ${SUBPROTOCOL}: JSON text frames, one object each. Authentication is the session cookie. Refusals come before the upgrade, as HTTP statuses. Close codes: 1000/1001 normal, 1007 bad UTF-8, 1008 rule broken, 1009 too big, 1012 the node restarts (reason retry=N, in ms), 1013 come back and resume, 4401 the session has ended, 4403 nothing is left to hear.`,
  },
  channels: Object.fromEntries(
    Object.entries(CHANNELS).map(([name, { address, summary }]) => [
      name,
      {
        address,
        summary,
        ...(name === 'order'
          ? { parameters: { orderId: { description: 'a positive 32-bit integer' } } }
          : {}),
        messages: Object.fromEntries(
          messagesOf(name).map((type) => [type, { $ref: `#/components/messages/${type}` }]),
        ),
      },
    ]),
  ),
  operations: Object.fromEntries(Object.keys(CHANNELS).flatMap(operationsOf)),
  components: { messages: MESSAGES },
}
