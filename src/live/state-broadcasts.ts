import { randomInt } from 'node:crypto'
import pLimit from 'p-limit'
import { forEachInSteps } from '../concurrency/in-steps.js'
import type { Announcements } from './announcements.js'
import { THEATRES_CHANNEL } from './bus/bus-messages.js'
import { encodeStateEvent, StateStream } from './state-stream.js'

/** What open pages show of a theatre: to customers its menu and how it takes orders. */
export interface TheatreState {
  /** of the theatre, read before its state */
  version: Version
  /** JSON text */
  data: string
  /** ms until it changes by itself, as a pause ends; null: it does not */
  changesInMs: number | null
  /** those of the given tokens that may still see it */
  liveTokens: ReadonlySet<string>
}

/** Differs after each change of a theatre's state. */
export type Version = number | string

/** What the feeds need of the database. */
export interface StateSource {
  read(theatreId: number, tokens: readonly string[]): Promise<TheatreState>
  /** the theatres' versions, which every change of a state raises; in one query */
  readVersions(theatreIds: readonly number[]): Promise<Map<number, Version>>
}

const POLL_MS = 1000
/** theatres that are read at a time: thousands, as after a deploy, must leave connections to handshakes and snapshots */
const READS_AT_ONCE = 2
const HEARTBEAT_MS = 20_000
/** ms after which a state is read again although no change is known: how long an order takes changes with the orders */
const REFRESH_MS = 60_000
/**
 * ms from a read to one that no change asks for: by another clock than the database's the state may be due to change and not
 * do so yet
 */
const MIN_WAIT_MS = 250
/** streams of one client with one token */
const MAX_STREAMS = 20
/** ms after which clients come back when a node stops: spread, so that they don't reach the others all at once */
const RETRY_MS = { min: 500, max: 4000 }

interface StateBroadcast {
  readonly theatreId: number
  readonly streams: Set<StateStream>
  state: TheatreState | null
  readAt: number
  reading: Promise<void> | null
  /** read once more: something changed during the read */
  isDirty: boolean
  /** until the state changes by itself */
  timer: NodeJS.Timeout | null
}

/**
 * The states of theatres that this node's clients look at. A state is read once for all clients of a theatre: after the
 * announcement of a change, when one of the versions, which the node compares once a second in one query, shows a change that was not announced,
 * and when it changes by itself.
 */
export class StateBroadcasts {
  private readonly feeds = new Map<number, StateBroadcast>()
  private readonly counts = new Map<string, number>()
  private readonly limitReads = pLimit(READS_AT_ONCE)
  private readonly ticker: NodeJS.Timeout
  private polling = false
  private beatAt = performance.now()
  private closed = false

  constructor(
    private readonly source: StateSource,
    private readonly announcements: Announcements,
    private readonly onError: (error: unknown) => void,
    /** name of the events */
    private readonly event: string,
  ) {
    this.ticker = setInterval(() => this.tick(), POLL_MS)
  }

  /** Resolves once changes that other nodes announce are received. */
  start(): Promise<void> {
    return this.announcements.listen(THEATRES_CHANNEL, (theatreId) => this.refresh(Number(theatreId)))
  }

  get size(): number {
    let size = 0
    for (const feed of this.feeds.values()) size += feed.streams.size
    return size
  }

  /**
   * A stream of a theatre's states: the present one first. `token` gives the right to it, and `client`
   * names who opens it; null beyond 20 open streams of one client with one token.
   */
  open(theatreId: number, token: string, client: string): StateStream | null {
    const key = `${client} ${token}`
    const count = this.counts.get(key) ?? 0
    if (count >= MAX_STREAMS) return null
    this.counts.set(key, count + 1)
    const stream = new StateStream(token)
    const feed = this.feeds.get(theatreId) ?? this.create(theatreId)
    feed.streams.add(stream)
    stream.once('close', () => {
      const left = (this.counts.get(key) ?? 1) - 1
      if (left > 0) this.counts.set(key, left)
      else this.counts.delete(key)
      this.leave(feed, stream)
    })
    if (this.closed) stream.finish(retryMs())
    // read anew: a change that was committed before this call must show in the first event
    else this.refresh(theatreId)
    return stream
  }

  /** Ends all streams, and those that are opened later. */
  close(): void {
    this.closed = true
    clearInterval(this.ticker)
    for (const feed of this.feeds.values()) for (const stream of [...feed.streams]) stream.finish(retryMs())
  }

  private create(theatreId: number): StateBroadcast {
    const feed: StateBroadcast = {
      theatreId,
      streams: new Set(),
      state: null,
      readAt: 0,
      reading: null,
      isDirty: false,
      timer: null,
    }
    this.feeds.set(theatreId, feed)
    return feed
  }

  private leave(feed: StateBroadcast, stream: StateStream): void {
    feed.streams.delete(stream)
    if (feed.streams.size > 0) return
    if (feed.timer) clearTimeout(feed.timer)
    this.feeds.delete(feed.theatreId)
  }

  /** Reads a theatre's state, if it has streams; calls during a read share the next one. */
  private refresh(theatreId: number): void {
    const feed = this.feeds.get(theatreId)
    if (!feed || this.closed) return
    feed.isDirty = true
    feed.reading ??= this.readAll(feed).finally(() => {
      feed.reading = null
    })
  }

  private async readAll(feed: StateBroadcast): Promise<void> {
    while (feed.isDirty && feed.streams.size > 0 && !this.closed) {
      try {
        await this.limitReads(() => this.readOnce(feed))
      } catch (error) {
        // the next poll finds a version that is not this state's
        feed.state = null
        return this.onError(error)
      }
    }
  }

  private async readOnce(feed: StateBroadcast): Promise<void> {
    // its streams may have gone while it waited
    if (feed.streams.size === 0 || this.closed) return
    feed.isDirty = false
    // those that join during the read wait for the next one
    const streams = [...feed.streams]
    const state = await this.source.read(feed.theatreId, [...new Set(streams.map(({ token }) => token))])
    await this.show(feed, streams, state)
  }

  private async show(
    feed: StateBroadcast,
    streams: readonly StateStream[],
    state: TheatreState,
  ): Promise<void> {
    const isChanged = feed.state?.data !== state.data
    const event = encodeStateEvent(this.event, state.data)
    feed.state = state
    feed.readAt = performance.now()
    if (feed.timer) clearTimeout(feed.timer)
    feed.timer = null
    if (state.changesInMs !== null && feed.streams.size > 0) {
      const wait = Math.min(REFRESH_MS, Math.max(MIN_WAIT_MS, state.changesInMs + 1))
      feed.timer = setTimeout(() => this.refresh(feed.theatreId), wait)
    }
    await forEachInSteps(streams, (stream) => {
      if (!state.liveTokens.has(stream.token)) stream.finish(retryMs())
      else if (isChanged || !stream.hasState) stream.show(event)
    })
  }

  private tick(): void {
    const now = performance.now()
    if (now - this.beatAt >= HEARTBEAT_MS) {
      this.beatAt = now
      const streams = [...this.feeds.values()].flatMap((feed) => [...feed.streams])
      void forEachInSteps(streams, (stream) => stream.beat())
    }
    if (this.feeds.size > 0 && !this.polling) void this.poll(now)
  }

  private async poll(now: number): Promise<void> {
    this.polling = true
    try {
      const versions = await this.source.readVersions([...this.feeds.keys()])
      for (const [theatreId, feed] of this.feeds) {
        const isOld = now - feed.readAt > REFRESH_MS
        if (isOld || versions.get(theatreId) !== feed.state?.version) this.refresh(theatreId)
      }
    } catch (error) {
      this.onError(error)
    } finally {
      this.polling = false
    }
  }
}

const retryMs = (): number => randomInt(RETRY_MS.min, RETRY_MS.max)
