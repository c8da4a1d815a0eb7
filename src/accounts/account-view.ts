import { viewUser } from '../principal.js'
import type { StaffMemberView } from '../protocol/manager-views.js'
import type { SessionView, SignedInView, UserView } from '../protocol/views.js'
import type { ListedSession } from './session-writes.js'
import type { Caller } from './sessions.js'
import type { StaffMember } from './theatre-staff.js'
import type { Account } from './user-queries.js'

export function viewCaller({ principal, session }: Caller): SignedInView {
  return { user: viewUser(principal), expiresAt: session.expiresAt.toISOString() }
}

export function viewSession(session: ListedSession, currentId: string): SessionView {
  const { id, createdAt, lastSeenAt, userAgent, ip } = session
  return {
    id,
    current: id === currentId,
    createdAt: createdAt.toISOString(),
    lastSeenAt: lastSeenAt.toISOString(),
    userAgent,
    ip,
  }
}

/** An account as the managers of one of its theatres see it. */
export const viewStaffMember = (member: StaffMember): StaffMemberView => ({
  ...member,
  createdAt: member.createdAt.toISOString(),
})

/** An account as admins see it. */
export interface AccountView extends UserView {
  isActive: boolean
  createdAt: string
}

export function viewAccount({ principal, isActive, createdAt }: Account): AccountView {
  return { ...viewUser(principal), isActive, createdAt: createdAt.toISOString() }
}
