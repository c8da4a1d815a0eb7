import type { Principal } from '../principal.js'
import { type GroupName, orderGroup, theatreChat, theatreOrders } from '../protocol/groups.js'
import { canSeeOrder, type OrderOwner } from './order-access.js'

/** What a socket is about, beside the theatres of its user. An order's owner and theatre never change. */
export interface SocketTarget {
  orderId: number | null
  /** null: there is no such order, or the socket is about none */
  order: OrderOwner | null
}

/** `theatre:{id}:orders` of each theatre that is theirs. */
export function staffOrderGroups(principal: Principal): GroupName[] {
  return principal.role === 'customer' ? [] : principal.theatres.map(({ id }) => theatreOrders(id))
}

/** `theatre:{id}:chat` of each theatre that is theirs. */
export function staffChatGroups(principal: Principal): GroupName[] {
  return principal.role === 'customer' ? [] : principal.theatres.map(({ id }) => theatreChat(id))
}

/** `order:{id}` for its owner, the staff of its theatre and admins. No order and another's order are the same. */
export function orderGroups(principal: Principal, { orderId, order }: SocketTarget): GroupName[] {
  if (orderId === null || order === null) return []
  return canSeeOrder(principal, order) ? [orderGroup(orderId)] : []
}

/** What makes a route a socket. Data, so that a socket without a rule can't exist. */
export interface LiveRoute {
  /** `order`: the last part of the path is an order's id */
  target: 'none' | 'order'
  /** who may try at all: the preValidation hook that the route gets */
  guard: 'user' | 'staff'
  /** messages may be sent on it */
  chat?: true
  /** staff on this socket are shown as online in their theatres */
  presence?: true
  /** which groups this principal may hear; none: 403. Asked again at every change of rights. */
  groups(principal: Principal, target: SocketTarget): GroupName[]
}
