/**
 * The messages of `houselights.v1`, as schemas (for AsyncAPI) and types. Like views.ts, for pages to import types only.
 */
import { type Static, type TSchema, Type } from 'typebox'
import { MAX_TEXT } from './subprotocol.js'
import {
  ChatsSnapshot,
  EVENT_DATA,
  type EventData,
  type EventName,
  OrderSnapshot,
  OrdersSnapshot,
  UserView,
} from './views.js'

const Seq = Type.Integer({ minimum: 0 })
const Group = Type.String({ description: 'theatre:{id}:orders, theatre:{id}:chat or order:{id}' })
const Time = Type.String({ format: 'date-time' })

const message = <T extends string, P extends Record<string, TSchema>>(
  type: T,
  description: string,
  properties: P,
) => Type.Object({ type: Type.Literal(type), ...properties }, { description })

export const CLIENT_MESSAGES = {
  subscribe: message('subscribe', 'Once. A group without a cursor starts with a snapshot.', {
    cursors: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'group: the last seq that the client has' }),
    ),
  }),
  ping: message('ping', 'Answered with pong.', {}),
  send: message('send', 'Chat socket only. A repeated clientId is stored once.', {
    chat: Type.Integer({ description: 'the order’s id' }),
    text: Type.String({ maxLength: MAX_TEXT }),
    clientId: Type.String({ description: 'the client’s own id of the message' }),
  }),
}

/** One variant per event name, so that the name decides the type of `data`. */
const eventVariant = <N extends EventName>(name: N) =>
  Type.Object({
    type: Type.Literal('event'),
    group: Group,
    seq: Seq,
    name: Type.Literal(name),
    at: Time,
    data: EVENT_DATA[name],
  })
const EVENT_NAMES = Object.keys(EVENT_DATA) as EventName[]

export const SERVER_MESSAGES = {
  hello: message('hello', 'The first message on each socket.', {
    connection: Type.String({ description: 'the socket’s id in the logs' }),
    user: UserView,
    groups: Type.Array(Group),
    positions: Type.Record(Type.String(), Seq, {
      description: 'group: the seq of its last event so far. A client at this seq has caught up.',
    }),
    sessionExpiresAt: Time,
    now: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'The service’s time, by which ages are counted. Services up to 0.1.0 send none.',
      }),
    ),
  }),
  snapshot: message('snapshot', 'A group’s state after event `seq`.', {
    group: Group,
    seq: Seq,
    data: Type.Union([OrdersSnapshot, ChatsSnapshot, OrderSnapshot]),
  }),
  event: Type.Union(EVENT_NAMES.map(eventVariant), {
    description: 'Within a group, seq rises by one from event to event.',
  }),
  left: message('left', 'The user lost the right to this group and keeps others.', {
    group: Group,
    reason: Type.String({ description: 'a code' }),
  }),
  expiring: message('expiring', 'The session ends then unless it is used over HTTP before.', { at: Time }),
  stale: message('stale', 'The node can’t guarantee that it is up to date.', { since: Time }),
  fresh: message('fresh', 'The node is up to date again.', {}),
  presence: message('presence', 'How many staff sockets are open in the theatre.', {
    group: Group,
    online: Type.Object({ staff: Type.Integer() }),
  }),
  pong: message('pong', 'The answer to ping.', {}),
  error: message('error', 'A client message was refused.', {
    code: Type.String({ description: 'snake_case' }),
    message: Type.String({ description: 'one sentence' }),
  }),
}

type ServerMessages = {
  [T in Exclude<keyof typeof SERVER_MESSAGES, 'event'>]: Static<(typeof SERVER_MESSAGES)[T]>
}
export type ClientMessage = Static<(typeof CLIENT_MESSAGES)[keyof typeof CLIENT_MESSAGES]>
export type Hello = ServerMessages['hello']
export type Snapshot = ServerMessages['snapshot']
export type LiveEvent = {
  [N in EventName]: { type: 'event'; group: string; seq: number; name: N; at: string; data: EventData<N> }
}[EventName]
export type ServerMessage = ServerMessages[keyof ServerMessages] | LiveEvent
