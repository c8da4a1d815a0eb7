import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { HttpClient } from '../helpers/http-client.js'
import type { Random } from '../helpers/random.js'
import { type ChaosClient, type Identity, V1Client } from './chaos-clients.js'
import type { ChaosCluster } from './chaos-cluster.js'
import { type Account, type Answered, type SeedData, send, signIn, type Tally } from './chaos-people.js'
import type { Records } from './chaos-record.js'

export const ORDERS_SOCKET = '/ws/all-seat-datasocket/'
const CHAT_SOCKET = '/ws/chat-socket/'
const FORBIDDEN_RETRY_MS = 1000

/** A staff page: signs in again whenever its session has ended. */
interface Screen {
  account: Account
  client: ChaosClient
  identity: Identity | null
}

/** All simulated users of a run. */
export class Crowd {
  readonly screens: Screen[] = []
  readonly customers = new Set<ChaosClient>()
  readonly journeys = new Set<Promise<void>>()
  readonly signingIn = new Set<Promise<void>>()
  /** every client of the run, also those that have left: for the longest outage */
  readonly v1: V1Client[] = []
  /** aborted: nothing new is started */
  readonly stopping = new AbortController()
  /** aborted: everything has stopped */
  private readonly stopped = new AbortController()
  admin: HttpClient | null = null

  constructor(
    readonly cluster: ChaosCluster,
    readonly data: SeedData,
    readonly records: Records,
    readonly tally: Tally,
    readonly random: Random,
  ) {
    // every user adds listeners
    setMaxListeners(0, this.stopping.signal, this.stopped.signal)
  }

  get clients(): ChaosClient[] {
    return [...this.screens.map(({ client }) => client), ...this.customers]
  }

  /** Runs a user's actions in the background; `among` is the set of running ones. */
  run(journey: () => Promise<void>, among: Set<Promise<void>> = this.journeys): void {
    const running = journey()
      .catch((error: unknown) => {
        const isAbort = error instanceof Error && error.name === 'AbortError'
        if (!isAbort)
          this.records.violation(`bug in the test: ${error instanceof Error ? error.stack : error}`)
      })
      .finally(() => among.delete(running))
    among.add(running)
  }

  /** Waits; rejects when the crowd begins to stop. */
  pause(ms: number): Promise<void> {
    return wait(ms, undefined, { signal: this.stopping.signal })
  }

  /** Waits; rejects only when everything has stopped. */
  rest(ms: number): Promise<void> {
    return wait(ms, undefined, { signal: this.stopped.signal })
  }

  get isStopping(): boolean {
    return this.stopping.signal.aborted
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

  /** A client with a valid admin session; signs in again when needed. */
  async adminHttp(): Promise<HttpClient> {
    while (!this.admin) {
      this.admin = (await signIn(this.cluster, this.tally, this.data.admin))?.http ?? null
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
        if (!screen.identity) throw new Error('not signed in')
        return screen.identity
      },
      onStop: (why: 'signed-out' | 'forbidden') => this.run(() => this.comeBack(full, why), this.signingIn),
    }
    const client = new V1Client(options)
    this.v1.push(client)
    const full: Screen = Object.assign(screen, { client })
    this.screens.push(full)
    this.run(() => this.comeBack(full, 'signed-out'), this.signingIn)
  }

  private async comeBack(screen: Screen, why: 'signed-out' | 'forbidden'): Promise<void> {
    if (why === 'signed-out') screen.identity = null
    else await this.rest(FORBIDDEN_RETRY_MS)
    while (!screen.identity) {
      const session = await signIn(this.cluster, this.tally, screen.account)
      if (session) screen.identity = { ...session, userId: screen.account.id }
      else await this.rest(500 + this.random.below(500))
    }
    if (!this.stopped.signal.aborted) screen.client.start()
  }

  /** Ends all activity; the open screens and customer pages stay connected. */
  async stopActivity(): Promise<void> {
    this.stopping.abort()
    while (this.journeys.size > 0) await Promise.allSettled([...this.journeys])
  }

  stop(): void {
    this.stopped.abort()
    for (const client of this.clients) client.stop()
  }
}
