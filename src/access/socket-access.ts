import type { Principal } from '../principal.js'
import { type GroupName, orderGroup, theatreChat, theatreOrders } from '../protocol/groups.js'
import { canSeeOrder, type OrderOwner } from './order-access.js'

/** What a socket is about, besides its user's theatres. Read once: an order's owner and theatre never change. */
export interface SocketTarget {
  orderId: number | null
  /** null: no such order, or the socket is not about an order */
  order: OrderOwner | null
}

/** `theatre:{id}:orders` of each theatre of a staff member or admin. */
export function staffOrderGroups(principal: Principal): GroupName[] {
  return principal.role === 'customer' ? [] : principal.theatres.map(({ id }) => theatreOrders(id))
}

/** `theatre:{id}:chat` of each theatre of a staff member or admin. */
export function staffChatGroups(principal: Principal): GroupName[] {
  return principal.role === 'customer' ? [] : principal.theatres.map(({ id }) => theatreChat(id))
}

/** `order:{id}` if the principal may see the order; nothing for a hidden order, as for a missing one. */
export function orderGroups(principal: Principal, { orderId, order }: SocketTarget): GroupName[] {
  if (orderId === null || order === null) return []
  return canSeeOrder(principal, order) ? [orderGroup(orderId)] : []
}

/** What makes a route a socket. It is data, so that no socket can exist without an access rule. */
export interface LiveRoute {
  /** `order`: the last part of the path is an order's id */
  target: 'none' | 'order'
  /** selects the route's preValidation hook: any signed-in user, or staff and admins */
  guard: 'user' | 'staff'
  /** chat messages may be sent on it */
  chat?: true
  /** staff on this socket are shown as online in their theatres */
  presence?: true
  /** The groups that this principal may subscribe to; none: 403. Called again at every change of rights. */
  groups(principal: Principal, target: SocketTarget): GroupName[]
}
