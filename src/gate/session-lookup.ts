import { Batches } from '../concurrency/batches.js'
import type { DjangoDatabase } from './django-database.js'
import type { GuardSubject, RouteGuard } from './route-guard.js'
import type { LiveSession, SessionReader, SessionVerdict } from './session-reader.js'

/** What handshakes ask of Django's database: a storm of them costs a few queries. All reject when it does not answer. */
export class SessionLookup {
  private readonly unknown: Batches<string, SessionVerdict>
  private readonly known: Batches<LiveSession, SessionVerdict>
  private readonly guards: Map<RouteGuard, Batches<GuardSubject, boolean>>

  constructor(reader: SessionReader, guards: Iterable<RouteGuard>, guardDatabase: DjangoDatabase) {
    this.unknown = new Batches((keys) => reader.readNew(keys))
    this.known = new Batches((sessions) => reader.readKnown(sessions))
    this.guards = new Map(
      [...guards].map((guard) => [guard, new Batches((subjects) => guard.judge(subjects, guardDatabase))]),
    )
  }

  /** Looks a session up by its key. */
  find(key: string): Promise<SessionVerdict> {
    return this.unknown.request(key)
  }

  /** Reads a session again, by a reading that begins now. */
  confirm(session: LiveSession): Promise<SessionVerdict> {
    return this.known.request(session)
  }

  /** Does the guard let it pass, by a reading that begins now? */
  async judge(guard: RouteGuard, subject: GuardSubject): Promise<boolean> {
    if (!guard.judgeFlags(subject.session)) return false
    return !guard.usesQuery || (this.guards.get(guard)?.request(subject) ?? false)
  }
}
