import { randomInt } from 'node:crypto'
import { CloseCode } from '../protocol/close-codes.js'
import type { DjangoDatabase } from './django-database.js'
import type { RouteGuard } from './route-guard.js'
import type { SessionLookup } from './session-lookup.js'
import type { LiveSession, SessionReader, SessionVerdict } from './session-reader.js'
import { type Watched, WatchedSessions, type WatchedSocket } from './watched-sessions.js'

/** Why a socket may not stay. */
export type Refusal = 'session_ended' | 'forbidden' | 'unavailable'

const ASK_EVERY_MS = 1000
/** ms between readings of sessions that are in doubt */
const DOUBT_EVERY_MS = 100
/** ms from the first doubt to the verdict against a session: Django's `cycle_key` takes several commits */
const DOUBT_MS = 900
/** ms for which sockets go on while the database does not answer */
const AWAY_MS = 5000
/** ms over which clients come back after the database was away */
const SPREAD_MS = 2000

/** Where questions go. Guards have connections of their own: one whose table is locked must not keep sessions waiting. */
export interface WatchSources {
  reader: SessionReader
  guardDatabase: DjangoDatabase
}

interface Asked {
  watched: Watched
  /** as of the beginning of the reading */
  doubts: number
}

/**
 * Keeps the right to listen true while sockets are open: asks once a second for all sessions in one query and once for
 * each SQL guard, and at once for what a notice names. At the slightest doubt a session's sockets are held, until a
 * reading has begun after the doubt and says who may go on.
 */
export class SessionWatch {
  private readonly sessions: WatchedSessions
  private readonly timers: NodeJS.Timeout[]
  private awaySince: number | null = null
  /** performance.now() since when a guard’s question fails while the others are answered */
  private readonly failing = new Map<RouteGuard, number>()
  /** guards whose question is not answered yet */
  private readonly asking = new Set<RouteGuard>()
  /** performance.now() of the question about sessions that is not answered yet */
  private askedAt: number | null = null
  private isClosed = false
  private isSettling = false
  private settleAgain = false

  constructor(
    private readonly sources: WatchSources,
    private readonly onError: (error: unknown) => void,
    askEveryMs = ASK_EVERY_MS,
  ) {
    // the database's clock has the last word
    this.sessions = new WatchedSessions((watched) => this.doubt([watched]))
    this.timers = [
      setInterval(() => this.ask(), askEveryMs),
      setInterval(() => this.endWhenAway(), AWAY_MS / 20),
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
    const { doubts } = watched
    try {
      const verdict = await lookup.confirm(watched.session)
      if (verdict.kind !== 'live') return 'session_ended'
      this.sessions.update(watched, verdict.session)
      if (!(await lookup.judge(socket.guard, socket))) return 'forbidden'
    } catch (error) {
      this.onError(error)
      return 'unavailable'
    }
    // a doubt that came meanwhile: the socket stays on hold with the others, and shares their verdict
    if (watched.doubts === doubts && watched.doubtfulSince === null) socket.release()
    return null
  }

  /** A notice of gate.sql: about a session, a user, or all sessions. */
  onNotice(payload: string): void {
    const [kind, id = ''] = [payload.slice(0, 1), payload.slice(2)]
    if (kind === 's') this.doubt(this.sessions.withHash(id))
    else if (kind === 'u') this.doubt(this.sessions.ofUser(id))
    else this.doubtAll()
  }

  /** Notices may have been lost. */
  doubtAll(): void {
    this.doubt(this.sessions.all())
  }

  close(): void {
    this.isClosed = true
    for (const timer of this.timers) clearInterval(timer)
    this.sessions.close()
  }

  private doubt(all: readonly Watched[]): void {
    if (all.length === 0) return
    for (const watched of all) this.beginDoubt(watched)
    void this.settle()
  }

  private beginDoubt(watched: Watched): void {
    watched.doubts++
    watched.doubtfulSince ??= performance.now()
    for (const socket of watched.sockets) socket.hold()
  }

  /** Reads the sessions in doubt, again and again until none is left. */
  private async settle(): Promise<void> {
    this.settleAgain = true
    if (this.isSettling) return
    this.isSettling = true
    while (this.settleAgain && !this.isClosed) {
      this.settleAgain = false
      const doubtful = this.sessions.doubtful()
      const asked = doubtful.map((watched) => ({ watched, doubts: watched.doubts }))
      try {
        const verdicts = await this.sources.reader.readKnown(doubtful.map(({ session }) => session))
        this.awaySince = null
        await this.judgeAll(asked, verdicts)
      } catch (error) {
        this.awaySince ??= performance.now()
        this.onError(error)
      }
      if (this.sessions.doubtful().length === 0 || this.settleAgain) continue
      await new Promise((resolve) => setTimeout(resolve, DOUBT_EVERY_MS))
      this.settleAgain = true
    }
    this.isSettling = false
  }

  /** Applies what a reading says. `doubts`: how many each session had had when it began. */
  private async judgeAll(asked: readonly Asked[], verdicts: readonly SessionVerdict[]): Promise<void> {
    const missing: Watched[] = []
    for (const [i, { watched, doubts }] of asked.entries()) {
      const verdict = verdicts[i]
      if (!verdict || watched.sockets.size === 0) continue
      if (verdict.kind === 'live') this.confirm(watched, verdict.session, doubts)
      else if (verdict.kind === 'ended') end(watched, CloseCode.sessionEnded, verdict.reason)
      else {
        if (watched.doubtfulSince === null) this.beginDoubt(watched)
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

  private confirm(watched: Watched, session: LiveSession, doubts: number): void {
    this.sessions.update(watched, session)
    // of the others a query decides, which the next second asks
    for (const socket of [...watched.sockets])
      if (!socket.guard.judgeFlags(session)) socket.close(CloseCode.forbidden, 'forbidden')
    if (watched.doubtfulSince === null || watched.doubts !== doubts) return
    watched.doubtfulSince = null
    for (const socket of watched.sockets) socket.release()
  }

  private ask(): void {
    void this.askSessions()
    for (const [guard, sockets] of this.guardedSockets()) void this.askGuard(guard, sockets)
  }

  private async askSessions(): Promise<void> {
    if (this.askedAt !== null) return
    const began = performance.now()
    this.askedAt = began
    try {
      const all = this.sessions.all().map((watched) => ({ watched, doubts: watched.doubts }))
      const verdicts = await this.sources.reader.readKnown(all.map(({ watched }) => watched.session))
      await this.judgeAll(all, verdicts)
      this.awaySince = null
    } catch (error) {
      this.awaySince ??= began
      this.onError(error)
    } finally {
      this.askedAt = null
    }
    if (this.sessions.doubtful().length > 0) void this.settle()
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

  /** One whose question fails for 5 s, as its table is locked, ends its own sockets alone. */
  private async askGuard(guard: RouteGuard, sockets: readonly WatchedSocket[]): Promise<void> {
    if (this.asking.has(guard)) return
    this.asking.add(guard)
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
      if (performance.now() - since < AWAY_MS) return
      for (const socket of sockets) socket.close(CloseCode.serviceRestart, retryLater())
    } finally {
      this.asking.delete(guard)
    }
  }

  /** No access by guessing: without an answer for 5 s all sockets end. */
  private endWhenAway(): void {
    const since = this.awaySince ?? this.askedAt
    if (since === null || performance.now() - since < AWAY_MS) return
    for (const watched of this.sessions.all()) end(watched, CloseCode.serviceRestart, retryLater())
  }
}

const isLate = ({ doubtfulSince }: Watched) => performance.now() - (doubtfulSince ?? 0) >= DOUBT_MS

const retryLater = () => `retry=${randomInt(SPREAD_MS)}`

function end({ sockets }: Watched, code: CloseCode, reason: string): void {
  for (const socket of [...sockets]) socket.close(code, reason)
}
