import { randomUUID } from 'node:crypto'
import { withDeadline } from '../concurrency/deadline.js'
import { StandingConnection } from '../database/standing-connection.js'
import { type DjangoDatabase, quoteTable } from './django-database.js'
import type { DjangoNames } from './gate-file.js'

/** as in deploy/gate.sql */
const CHANNEL = 'houselights_gate'
const TRIGGERS = ['session', 'session_change', 'session_all', 'user', 'user_change', 'user_all'].map(
  (name) => `houselights_gate_${name}`,
)
/** ms in which a notice of the gate's own must come back */
const PROOF_MS = 1000
/** ms between checks: a connection can be lost without a word, and triggers come and go */
const CHECK_EVERY_MS = 5000

/**
 * How soon a change is known: `notices` within 100 ms of its commit, else by the query that is sent each second.
 * `listen_unavailable`: no notice has ever come, as behind PgBouncer or on a standby. `lost`: they came, and no longer do.
 */
export type NoticeState = 'notices' | 'not_installed' | 'listen_unavailable' | 'lost'

export interface NoticeListenerOptions {
  url: string
  /** for the listener's own queries */
  database: DjangoDatabase
  names: DjangoNames
  /** ms between checks, each 5 s unless given */
  checkEveryMs?: number | undefined
  onNotice(payload: string): void
  /** notices may have been lost, as the connection was */
  onGap(): void
  /** not called for the first state, to which `start` resolves */
  onChange(state: NoticeState): void
}

/** Listens to what the triggers of gate.sql announce. It always listens: they may be installed later. */
export class NoticeListener {
  state: NoticeState = 'listen_unavailable'
  private readonly connection: StandingConnection
  private readonly proofs = new Map<string, () => void>()
  private readonly opened: Promise<void>
  private timer: NodeJS.Timeout | null = null
  private isClosed = false
  private checking: Promise<void> | null = null
  /** a notice has come since the start, and on the connection that is open */
  private hasWorked = false
  private isProven = false

  constructor(private readonly options: NoticeListenerOptions) {
    const { url, onGap, onNotice } = options
    let open = () => {}
    this.opened = new Promise((resolve) => {
      open = resolve
    })
    this.connection = new StandingConnection({
      url,
      name: 'houselights-gate-listen',
      setUp: `LISTEN ${CHANNEL}`,
      mayBeReadOnly: true,
      onOpen: () => {
        open()
        onGap()
        // one under way waits for a notice on the connection before
        if (this.timer) void (this.checking ?? Promise.resolve()).then(() => this.check())
      },
      onLost: () => {
        this.isProven = false
        if (this.timer) this.change('lost')
      },
      onNotice: (payload) => {
        const proof = this.proofs.get(payload)
        if (proof) proof()
        // of another gate on the same database
        else if (!payload.startsWith('p:')) onNotice(payload)
      },
    })
  }

  /** Resolves to the first state, and follows it from then on. */
  async start(): Promise<NoticeState> {
    this.state = await this.look()
    this.timer = setInterval(() => void this.check(), this.options.checkEveryMs ?? CHECK_EVERY_MS)
    return this.state
  }

  close(): void {
    this.isClosed = true
    if (this.timer) clearInterval(this.timer)
    this.connection.close()
  }

  private check(): Promise<void> {
    this.checking ??= this.look()
      .then((state) => this.change(state))
      .catch(() => this.change('lost'))
      .finally(() => {
        this.checking = null
      })
    return this.checking
  }

  private change(found: NoticeState): void {
    const state = found === 'lost' && !this.hasWorked ? 'listen_unavailable' : found
    if (this.isClosed || state === this.state) return
    this.state = state
    this.options.onChange(state)
  }

  /** Rejects when the database does not answer, though notices arrive. */
  private async look(): Promise<NoticeState> {
    if (!(await this.doNoticesArrive())) {
      // of one that worked before: it may be half-open. A pooler's would be no better the next time
      if (this.isProven) this.connection.reconnect()
      return this.hasWorked ? 'lost' : 'listen_unavailable'
    }
    this.hasWorked = true
    this.isProven = true
    const areThere = await this.areTriggersThere()
    // lost since: its next opening is followed by another look
    if (!this.isProven) return 'lost'
    return areThere ? 'notices' : 'not_installed'
  }

  /** Through a pooler in transaction mode LISTEN succeeds and nothing ever comes. */
  private async doNoticesArrive(): Promise<boolean> {
    const proof = `p:${randomUUID()}`
    const arrived = new Promise<void>((resolve) => this.proofs.set(proof, resolve))
    const sent = async () => {
      await this.opened
      await this.options.database.read((query) => query('SELECT pg_notify($1, $2)', [CHANNEL, proof]))
      await arrived
    }
    try {
      await withDeadline(sent(), PROOF_MS, () => new Error('no notice'))
      return true
    } catch {
      return false
    } finally {
      this.proofs.delete(proof)
    }
  }

  private async areTriggersThere(): Promise<boolean> {
    const { database, names } = this.options
    const rows = await database.read((query) =>
      query(
        `SELECT DISTINCT tgname FROM pg_trigger
         WHERE tgname = ANY ($1) AND tgenabled IN ('O', 'A') AND tgrelid IN (to_regclass($2), to_regclass($3))`,
        [TRIGGERS, quoteTable(names.sessionTable), quoteTable(names.userTable)],
      ),
    )
    return rows.length === TRIGGERS.length
  }
}
