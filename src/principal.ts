import type { Role, UserView } from './protocol/views.js'

export type { Role } from './protocol/views.js'

/** An authenticated user with role and theatres, as of one database snapshot. */
export interface Principal {
  readonly userId: number
  readonly username: string
  readonly role: Role
  /** for staff: the theatres they belong to; for admins: all; for customers: none */
  readonly theatres: readonly { readonly id: number; readonly name: string; readonly manager: boolean }[]
}

/** The user as the API and the `hello` frame show it. */
export function viewUser(principal: Principal): UserView {
  return {
    id: principal.userId,
    username: principal.username,
    role: principal.role,
    theatres: principal.theatres.map(({ id, name, manager }) => ({ id, name, manager })),
  }
}
