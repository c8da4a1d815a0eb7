import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { HttpClient } from '../helpers/http-client.js'
import type { Random } from '../helpers/random.js'
import { type ChaosClient, type Identity, V1Client } from './chaos-clients.js'
import type { ChaosCluster } from './chaos-cluster.js'
import { type Account, type Answered, send, signIn, Tally, type Town } from './chaos-people.js'
import type { Records } from './chaos-record.js'

export const ORDERS_SOCKET = '/ws/all-seat-datasocket/'
const CHAT_SOCKET = '/ws/chat-socket/'
const REFUSED_AGAIN_MS = 1000

/** A screen of the staff: signs in again whenever its session has ended. */
interface Screen {
  account: Account
  client: ChaosClient
  identity: Identity | null
}

/** Everybody who is there in a run, and the end of it. */
export class Crowd {
  readonly tally = new Tally()
  readonly screens: Screen[] = []
  readonly customers = new Set<ChaosClient>()
  readonly journeys = new Set<Promise<void>>()
  readonly comingBack = new Set<Promise<void>>()
  /** all that ever was v1: their longest outages count */
  readonly v1: V1Client[] = []
  /** aborted: nobody begins anything more */
  readonly over = new AbortController()
  /** aborted: nobody is there any more */
  private readonly gone = new AbortController()
  admin: HttpClient | null = null

  constructor(
    readonly cluster: ChaosCluster,
    readonly town: Town,
    readonly records: Records,
    readonly random: Random,
  ) {
    // each of them waits
    setMaxListeners(0, this.over.signal, this.gone.signal)
  }

  get clients(): ChaosClient[] {
    return [...this.screens.map(({ client }) => client), ...this.customers]
  }

  /** Whatever it is that people do. `among`: whose end is waited for. */
  run(journey: () => Promise<void>, among: Set<Promise<void>> = this.journeys): void {
    const running = journey()
      .catch((error: unknown) => {
        const isEnd = error instanceof Error && error.name === 'AbortError'
        if (!isEnd) this.records.violation(`the test itself: ${error instanceof Error ? error.stack : error}`)
      })
      .finally(() => among.delete(running))
    among.add(running)
  }

  /** Rejects when the crowd goes home meanwhile. */
  pause(ms: number): Promise<void> {
    return wait(ms, undefined, { signal: this.over.signal })
  }

  /** Goes on when the crowd goes home. */
  rest(ms: number): Promise<void> {
    return wait(ms, undefined, { signal: this.gone.signal })
  }

  get isOver(): boolean {
    return this.over.signal.aborted
  }

  ask<T>(
    http: HttpClient,
    method: string,
    path: string,
    body?: unknown,
    headers = {},
  ): Promise<Answered<T | null>> {
    return send<T>(this.tally, http, method, path, body, headers)
  }

  /** An admin's session that works, however often the one before has ended. */
  async adminHttp(): Promise<HttpClient> {
    while (!this.admin) {
      this.admin = (await signIn(this.cluster, this.tally, this.town.admin))?.http ?? null
      if (!this.admin) await this.rest(300)
    }
    return this.admin
  }

  addScreen(socket: 'orders' | 'chat', account: Account): void {
    const who = `${socket} screen ${this.screens.length} of ${account.username}`
    const screen: { account: Account; identity: Identity | null } = { account, identity: null }
    const options = {
      who,
      url: this.cluster.url,
      path: socket === 'orders' ? ORDERS_SOCKET : CHAT_SOCKET,
      orderId: null,
      records: this.records,
      identity: () => {
        if (!screen.identity) throw new Error('nobody has signed in')
        return screen.identity
      },
      onStop: (why: 'signed-out' | 'forbidden') => this.run(() => this.comeBack(full, why), this.comingBack),
    }
    const client = new V1Client(options)
    this.v1.push(client)
    const full: Screen = Object.assign(screen, { client })
    this.screens.push(full)
    this.run(() => this.comeBack(full, 'signed-out'), this.comingBack)
  }

  private async comeBack(screen: Screen, why: 'signed-out' | 'forbidden'): Promise<void> {
    if (why === 'signed-out') screen.identity = null
    else await this.rest(REFUSED_AGAIN_MS)
    while (!screen.identity) {
      const session = await signIn(this.cluster, this.tally, screen.account)
      if (session) screen.identity = { ...session, userId: screen.account.id }
      else await this.rest(500 + this.random.below(500))
    }
    if (!this.gone.signal.aborted) screen.client.start()
  }

  /** Nobody does anything any more; the screens and the customers that are there stay. */
  async goHome(): Promise<void> {
    this.over.abort()
    while (this.journeys.size > 0) await Promise.allSettled([...this.journeys])
  }

  stop(): void {
    this.gone.abort()
    for (const client of this.clients) client.stop()
  }
}
