import { Type } from 'typebox'
import { OrderView } from '../../src/protocol/views.js'

export const OrderAnswer = Type.Object({ order: OrderView })

/** The header that makes a repeated request the same one. */
export const KeyHeader = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{1,255}$' })),
})
