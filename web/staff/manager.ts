import type { UserView } from '../../src/protocol/views.js'

/** Whether the user manages a theatre: decides what is offered; what is allowed is the service's decision. */
export const isManager = ({ role, theatres }: UserView): boolean =>
  role === 'admin' || (role === 'staff' && theatres.some(({ manager }) => manager))

/** The theatres that the user manages: all, for an admin. */
export const staffTheatres = ({ role, theatres }: UserView): UserView['theatres'] =>
  role === 'admin' ? theatres : theatres.filter(({ manager }) => manager)
