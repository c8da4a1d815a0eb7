import { Type } from 'typebox'
import { OrderView } from '../../src/protocol/views.js'

export const OrderAnswer = Type.Object({ order: OrderView })
