import { randomInt } from 'node:crypto'
import { CloseCode } from '../protocol/close-codes.js'
import type { DjangoDatabase } from './django-database.js'
import type { RouteGuard } from './route-guard.js'
import type { SessionLookup } from './session-lookup.js'
import type { LiveSession, SessionReader, SessionVerdict } from './session-reader.js'
import { type Watched, WatchedSessions, type WatchedSocket } from './watched-sessions.js'

/** Why a socket may not stay. */
export type Refusal = 'session_ended' | 'forbidden' | 'unavailable'

const POLL_EVERY_MS = 1000
/** ms between reads of suspect sessions */
const RECHECK_EVERY_MS = 100
/** ms from the first suspicion to the verdict against a session: Django's `cycle_key` takes several commits */
const SUSPECT_MS = 900
/** ms for which sockets stay open while the database does not answer */
const UNREACHABLE_MS = 5000
/** ms over which clients come back after the database was away */
const SPREAD_MS = 2000

/** What is polled. Guards have connections of their own: one whose table is locked must not keep sessions waiting. */
export interface WatchSources {
  reader: SessionReader
  guardDatabase: DjangoDatabase
}

interface Asked {
  watched: Watched
  /** as of the beginning of the reading */
  suspicions: number
}

/**
 * Rechecks the right of every open socket to stay open: once a second, all sessions in one query and each SQL guard in
 * another, and at once what a notice names. A suspect session's sockets are held until a read that began after the
 * suspicion clears it.
 */
export class SessionWatch {
  private readonly sessions: WatchedSessions
  private readonly timers: NodeJS.Timeout[]
  private unreachableSince: number | null = null
  /** performance.now() since when a guard’s query fails while the others succeed */
  private readonly failing = new Map<RouteGuard, number>()
  /** guards whose query is under way */
  private readonly polling = new Set<RouteGuard>()
  /** performance.now() at the start of the query of sessions that is under way */
  private polledAt: number | null = null
  private isClosed = false
  private isRechecking = false
  private recheckAgain = false

  constructor(
    private readonly sources: WatchSources,
    private readonly onError: (error: unknown) => void,
    pollEveryMs = POLL_EVERY_MS,
  ) {
    // the database's clock has the last word
    this.sessions = new WatchedSessions((watched) => this.recheck([watched]))
    this.timers = [
      setInterval(() => this.poll(), pollEveryMs),
      setInterval(() => this.endWhenUnreachable(), UNREACHABLE_MS / 20),
    ]
  }

  get size(): number {
    return this.sessions.size
  }

  /** Adds a socket that is on hold. Notices about its session count from now on; `admit` gives the verdict. */
  add(socket: WatchedSocket): void {
    this.sessions.add(socket)
  }

  remove(socket: WatchedSocket): void {
    this.sessions.remove(socket)
  }

  /** Judges an added socket once more, by readings that begin now. Null: it may stay. */
  async admit(socket: WatchedSocket, lookup: SessionLookup): Promise<Refusal | null> {
    const watched = this.sessions.get(socket.session.key)
    if (!watched) return 'session_ended'
    const { suspicions } = watched
    try {
      const verdict = await lookup.confirm(watched.session)
      if (verdict.kind !== 'live') return 'session_ended'
      this.sessions.update(watched, verdict.session)
      if (!(await lookup.judge(socket.guard, socket))) return 'forbidden'
    } catch (error) {
      this.onError(error)
      return 'unavailable'
    }
    // suspected meanwhile: the socket stays on hold with the others, and shares their verdict
    if (watched.suspicions === suspicions && watched.suspectSince === null) socket.release()
    return null
  }

  /** A notice of gate.sql: about a session, a user, or all sessions. */
  onNotice(payload: string): void {
    const [kind, id = ''] = [payload.slice(0, 1), payload.slice(2)]
    if (kind === 's') this.recheck(this.sessions.withHash(id))
    else if (kind === 'u') this.recheck(this.sessions.ofUser(id))
    else this.recheckAll()
  }

  /** Notices may have been lost. */
  recheckAll(): void {
    this.recheck(this.sessions.all())
  }

  close(): void {
    this.isClosed = true
    for (const timer of this.timers) clearInterval(timer)
    this.sessions.close()
  }

  private recheck(all: readonly Watched[]): void {
    if (all.length === 0) return
    for (const watched of all) this.markSuspect(watched)
    void this.recheckSuspects()
  }

  private markSuspect(watched: Watched): void {
    watched.suspicions++
    watched.suspectSince ??= performance.now()
    for (const socket of watched.sockets) socket.hold()
  }

  /** Reads the suspect sessions repeatedly until none is left. */
  private async recheckSuspects(): Promise<void> {
    this.recheckAgain = true
    if (this.isRechecking) return
    this.isRechecking = true
    while (this.recheckAgain && !this.isClosed) {
      this.recheckAgain = false
      const suspects = this.sessions.suspects()
      const asked = suspects.map((watched) => ({ watched, suspicions: watched.suspicions }))
      try {
        const verdicts = await this.sources.reader.readKnown(suspects.map(({ session }) => session))
        this.unreachableSince = null
        await this.judgeAll(asked, verdicts)
      } catch (error) {
        this.unreachableSince ??= performance.now()
        this.onError(error)
      }
      if (this.sessions.suspects().length === 0 || this.recheckAgain) continue
      await new Promise((resolve) => setTimeout(resolve, RECHECK_EVERY_MS))
      this.recheckAgain = true
    }
    this.isRechecking = false
  }

  /** Applies what a read says. `suspicions`: how many each session had had when it began. */
  private async judgeAll(asked: readonly Asked[], verdicts: readonly SessionVerdict[]): Promise<void> {
    const missing: Watched[] = []
    for (const [i, { watched, suspicions }] of asked.entries()) {
      const verdict = verdicts[i]
      if (!verdict || watched.sockets.size === 0) continue
      if (verdict.kind === 'live') this.confirm(watched, verdict.session, suspicions)
      else if (verdict.kind === 'ended') end(watched, CloseCode.sessionEnded, verdict.reason)
      else {
        if (watched.suspectSince === null) this.markSuspect(watched)
        if (verdict.kind === 'gone') missing.push(watched)
        else if (isLate(watched)) end(watched, CloseCode.sessionEnded, 'session ended')
      }
    }
    if (missing.length === 0) return
    const search = this.sources.reader.findSuccessors(missing.map(({ session }) => session))
    const successors = await search.catch((error: unknown) => {
      this.onError(error)
      return null
    })
    for (const [i, watched] of missing.entries()) {
      // the next handshake's cookie decides: nothing passes meanwhile, and no socket is left on hold
      if (!successors) {
        if (isLate(watched)) end(watched, CloseCode.serviceRestart, retryLater())
      } else if (successors[i] === 'live') end(watched, CloseCode.serviceRestart, 'retry=0')
      else if (successors[i] === 'none' || isLate(watched))
        end(watched, CloseCode.sessionEnded, 'session ended')
    }
  }

  private confirm(watched: Watched, session: LiveSession, suspicions: number): void {
    this.sessions.update(watched, session)
    // the others are decided by their query, within a second
    for (const socket of [...watched.sockets])
      if (!socket.guard.judgeFlags(session)) socket.close(CloseCode.forbidden, 'forbidden')
    if (watched.suspectSince === null || watched.suspicions !== suspicions) return
    watched.suspectSince = null
    for (const socket of watched.sockets) socket.release()
  }

  private poll(): void {
    void this.pollSessions()
    for (const [guard, sockets] of this.guardedSockets()) void this.pollGuard(guard, sockets)
  }

  private async pollSessions(): Promise<void> {
    if (this.polledAt !== null) return
    const began = performance.now()
    this.polledAt = began
    try {
      const all = this.sessions.all().map((watched) => ({ watched, suspicions: watched.suspicions }))
      const verdicts = await this.sources.reader.readKnown(all.map(({ watched }) => watched.session))
      await this.judgeAll(all, verdicts)
      this.unreachableSince = null
    } catch (error) {
      this.unreachableSince ??= began
      this.onError(error)
    } finally {
      this.polledAt = null
    }
    if (this.sessions.suspects().length > 0) void this.recheckSuspects()
  }

  private guardedSockets(): Map<RouteGuard, WatchedSocket[]> {
    const sockets = new Map<RouteGuard, WatchedSocket[]>()
    for (const watched of this.sessions.all()) {
      for (const socket of watched.sockets) {
        if (!socket.guard.usesQuery) continue
        const of = sockets.get(socket.guard) ?? []
        sockets.set(socket.guard, of)
        of.push(socket)
      }
    }
    return sockets
  }

  /** A guard whose query fails for 5 s, say because its table is locked, closes only its own sockets. */
  private async pollGuard(guard: RouteGuard, sockets: readonly WatchedSocket[]): Promise<void> {
    if (this.polling.has(guard)) return
    this.polling.add(guard)
    const began = performance.now()
    try {
      const passes = await guard.judge(sockets, this.sources.guardDatabase)
      this.failing.delete(guard)
      for (const [i, socket] of sockets.entries())
        if (!passes[i]) socket.close(CloseCode.forbidden, 'forbidden')
    } catch (error) {
      this.onError(error)
      const since = this.failing.get(guard) ?? began
      this.failing.set(guard, since)
      if (performance.now() - since < UNREACHABLE_MS) return
      for (const socket of sockets) socket.close(CloseCode.serviceRestart, retryLater())
    } finally {
      this.polling.delete(guard)
    }
  }

  /** Fails closed: closes all sockets once the database has not answered for 5 s. */
  private endWhenUnreachable(): void {
    const since = this.unreachableSince ?? this.polledAt
    if (since === null || performance.now() - since < UNREACHABLE_MS) return
    for (const watched of this.sessions.all()) end(watched, CloseCode.serviceRestart, retryLater())
  }
}

const isLate = ({ suspectSince }: Watched) => performance.now() - (suspectSince ?? 0) >= SUSPECT_MS

const retryLater = () => `retry=${randomInt(SPREAD_MS)}`

function end({ sockets }: Watched, code: CloseCode, reason: string): void {
  for (const socket of [...sockets]) socket.close(code, reason)
}
