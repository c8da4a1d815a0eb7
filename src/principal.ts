import type { UserView } from './protocol/views.js'

export type Role = 'customer' | 'staff' | 'admin'

/** Who is asking, as of one snapshot of the database. */
export interface Principal {
  readonly userId: number
  readonly username: string
  readonly role: Role
  /** the theatres that are theirs: those whose staff they are; for admins all */
  readonly theatres: readonly { readonly id: number; readonly name: string; readonly manager: boolean }[]
}

/** The user as the caller's own answers and `hello` show them. */
export function viewUser(principal: Principal): UserView {
  return {
    id: principal.userId,
    username: principal.username,
    role: principal.role,
    theatres: principal.theatres.map(({ id, name, manager }) => ({ id, name, manager })),
  }
}
