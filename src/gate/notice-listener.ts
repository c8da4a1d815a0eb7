import { randomUUID } from 'node:crypto'
import { withDeadline } from '../concurrency/deadline.js'
import { StandingConnection } from '../database/standing-connection.js'
import { type DjangoDatabase, quoteTable } from './django-database.js'
import type { DjangoNames } from './gate-file.js'

/** as in deploy/gate.sql */
const CHANNEL = 'houselights_gate'
const TRIGGERS = ['houselights_gate_session', 'houselights_gate_user']
/** ms in which a notice of the gate's own must come back */
const PROOF_MS = 1000

/** How soon a change is known: `notices` within 100 ms of its commit, else by the question that is asked each second. */
export type NoticeState = 'notices' | 'not_installed' | 'listen_unavailable'

/** Listens to what the triggers of gate.sql announce. It always listens: they may be installed later. */
export class NoticeListener {
  private readonly connection: StandingConnection
  private readonly proofs = new Map<string, () => void>()
  private readonly opened: Promise<void>

  /** @param onGap notices may have been lost, as the connection was */
  constructor(
    url: string,
    private readonly database: DjangoDatabase,
    onNotice: (payload: string) => void,
    onGap: () => void,
  ) {
    let open = () => {}
    this.opened = new Promise((resolve) => {
      open = resolve
    })
    this.connection = new StandingConnection({
      url,
      name: 'houselights-gate-listen',
      setUp: `LISTEN ${CHANNEL}`,
      onOpen: () => {
        open()
        onGap()
      },
      onNotice: (payload) => {
        const proof = this.proofs.get(payload)
        if (proof) proof()
        // of another gate on the same database
        else if (!payload.startsWith('p:')) onNotice(payload)
      },
    })
  }

  /** Finds out whether notices arrive: through a pooler in transaction mode LISTEN succeeds and nothing ever comes. */
  async check({ sessionTable, userTable }: DjangoNames): Promise<NoticeState> {
    const proof = `p:${randomUUID()}`
    const arrived = new Promise<void>((resolve) => this.proofs.set(proof, resolve))
    const sent = async () => {
      await this.opened
      await this.database.read((query) => query('SELECT pg_notify($1, $2)', [CHANNEL, proof]))
      await arrived
    }
    try {
      await withDeadline(sent(), PROOF_MS, () => new Error('no notice'))
    } catch {
      return 'listen_unavailable'
    } finally {
      this.proofs.delete(proof)
    }
    const rows = await this.database.read((query) =>
      query(
        `SELECT DISTINCT tgname FROM pg_trigger
         WHERE tgname = ANY ($1) AND tgenabled <> 'D' AND tgrelid IN (to_regclass($2), to_regclass($3))`,
        [TRIGGERS, quoteTable(sessionTable), quoteTable(userTable)],
      ),
    )
    return rows.length === TRIGGERS.length ? 'notices' : 'not_installed'
  }

  close(): void {
    this.connection.close()
  }
}
