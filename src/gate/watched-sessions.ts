import { MultiMap } from '../concurrency/multi-map.js'
import type { CloseCode } from '../protocol/close-codes.js'
import type { GuardSubject, RouteGuard } from './route-guard.js'
import { hashOfKey, type LiveSession } from './session-reader.js'

/** An open socket, as far as the watch has to do with it. */
export interface WatchedSocket extends GuardSubject {
  session: LiveSession
  readonly guard: RouteGuard
  /** Nothing passes until `release`. */
  hold(): void
  release(): void
  close(code: CloseCode, reason: string): void
}

export interface Watched {
  session: LiveSession
  readonly sockets: Set<WatchedSocket>
  /** performance.now() of the first suspicion; null: none */
  suspectSince: number | null
  /** counts suspicions: a read that began before the latest clears nothing */
  suspicions: number
  expiry: NodeJS.Timeout | null
}

/** maximum delay of setTimeout */
const MAX_TIMER_MS = 2_147_000_000

/** The sessions of open sockets, found by key, by its hash and by user, each with a timer for its end. */
export class WatchedSessions {
  private readonly byKey = new Map<string, Watched>()
  private readonly byHash = new Map<string, Watched>()
  private readonly byUser = new MultiMap<string, Watched>()

  constructor(private readonly onExpiry: (watched: Watched) => void) {}

  get size(): number {
    return this.byKey.size
  }

  get(key: string): Watched | undefined {
    return this.byKey.get(key)
  }

  /** A copy: callers may remove sessions while iterating. */
  all(): Watched[] {
    return [...this.byKey.values()]
  }

  suspects(): Watched[] {
    return this.all().filter(({ suspectSince }) => suspectSince !== null)
  }

  withHash(hash: string): Watched[] {
    const found = this.byHash.get(hash)
    return found ? [found] : []
  }

  ofUser(userId: string): Watched[] {
    return this.byUser.get(userId)
  }

  add(socket: WatchedSocket): void {
    const { session } = socket
    const found = this.byKey.get(session.key)
    if (found) {
      found.sockets.add(socket)
      return
    }
    const watched = { session, sockets: new Set([socket]), suspectSince: null, suspicions: 0, expiry: null }
    this.byKey.set(session.key, watched)
    this.byHash.set(hashOfKey(session.key), watched)
    this.byUser.add(session.userId, watched)
    this.armExpiry(watched)
  }

  /** Forgets the session with its last socket. */
  remove(socket: WatchedSocket): void {
    const watched = this.byKey.get(socket.session.key)
    if (!watched?.sockets.delete(socket) || watched.sockets.size > 0) return
    this.byKey.delete(watched.session.key)
    this.byHash.delete(hashOfKey(watched.session.key))
    this.byUser.remove(watched.session.userId, watched)
    if (watched.expiry) clearTimeout(watched.expiry)
  }

  /** Takes over what a reading says of the session. */
  update(watched: Watched, session: LiveSession): void {
    watched.session = session
    for (const socket of watched.sockets) socket.session = session
    // while it was read the last socket may have gone
    if (watched.sockets.size > 0) this.armExpiry(watched)
  }

  close(): void {
    for (const { expiry } of this.byKey.values()) if (expiry) clearTimeout(expiry)
  }

  private armExpiry(watched: Watched): void {
    if (watched.expiry) clearTimeout(watched.expiry)
    const { remainingMs, readAt } = watched.session
    const left = Math.max(0, remainingMs - (performance.now() - readAt))
    const expire = () => {
      if (left > MAX_TIMER_MS) this.armExpiry(watched)
      else this.onExpiry(watched)
    }
    watched.expiry = setTimeout(expire, Math.min(Math.ceil(left), MAX_TIMER_MS))
    watched.expiry.unref()
  }
}
