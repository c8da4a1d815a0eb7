import { hashPassword } from '../../src/accounts/passwords.js'
import { createDatabase } from '../../src/database/client.js'
import { writeTheatre } from '../../src/theatres/theatre-actions.js'
import { createClient, type HttpClient } from '../helpers/http-client.js'
import { type ChaosCluster, PASSWORD } from './chaos-cluster.js'

export const THEATRES = 4
const SEATS = 20
export const STAFF = 16

export interface Account {
  id: number
  username: string
}

export interface SeedData {
  theatres: { id: number; item: number; seats: string[] }[]
  staff: Account[]
  admin: Account
}

/**
 * Creates the theatres and their staff, and a trigger that records each change of the staff of a theatre in the same
 * transaction, so that the access at each epoch is known from the database itself.
 */
export async function seedDatabase({ postgres }: ChaosCluster): Promise<SeedData> {
  await postgres.query(`
    CREATE TABLE chaos_rights (id bigserial PRIMARY KEY, xid text NOT NULL, user_id int NOT NULL, theatre_id int NOT NULL, gained boolean NOT NULL);
    CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF TG_OP = 'INSERT' THEN INSERT INTO chaos_rights (xid, user_id, theatre_id, gained) VALUES (pg_current_xact_id()::text, NEW.user_id, NEW.theatre_id, true);
      ELSE INSERT INTO chaos_rights (xid, user_id, theatre_id, gained) VALUES (pg_current_xact_id()::text, OLD.user_id, OLD.theatre_id, false); END IF;
      RETURN NULL; END $$;
    CREATE TRIGGER chaos_note AFTER INSERT OR DELETE ON staff_theatres FOR EACH ROW EXECUTE FUNCTION chaos_note();`)
  const db = createDatabase({
    url: postgres.url,
    poolSize: 2,
    poolTimeoutMs: 5000,
    statementTimeoutMs: 20_000,
  })
  try {
    const passwordHash = await hashPassword(PASSWORD)
    const theatres: SeedData['theatres'] = []
    for (let n = 1; n <= THEATRES; n++) {
      const seats = Array.from({ length: SEATS }, (_, i) => ({
        name: `A${i + 1}`,
        token: `chaos-${n}-${i + 1}`,
      }))
      const menu = [
        {
          name: 'Chai',
          description: '',
          category: '',
          price: 8000,
          diet: null,
          options: [],
          available: null,
        },
      ]
      const { id } = await db.$transaction((tx) =>
        writeTheatre(tx, {
          name: `Theatre ${n}`,
          timeZone: 'Asia/Kolkata',
          maxTime: 30,
          minTime: 10,
          halls: [{ name: 'Screen', seats }],
          menu,
        }),
      )
      const item = await db.menuItem.findFirstOrThrow({ where: { theatreId: id } })
      theatres.push({ id, item: item.id, seats: seats.map(({ token }) => token) })
    }
    const staff: Account[] = []
    for (let n = 0; n < STAFF; n++) {
      const user = await db.user.create({ data: { username: `staff${n}`, passwordHash, role: 'staff' } })
      const ownTheatres = [theatres[n % THEATRES], ...(n % 3 === 0 ? [theatres[(n + 1) % THEATRES]] : [])]
      for (const theatre of ownTheatres) {
        if (theatre) await db.staffTheatre.create({ data: { userId: user.id, theatreId: theatre.id } })
      }
      staff.push({ id: user.id, username: user.username })
    }
    const admin = await db.user.create({ data: { username: 'boss', passwordHash, role: 'admin' } })
    return { theatres, staff, admin: { id: admin.id, username: admin.username } }
  } finally {
    await db.$disconnect()
  }
}

/** Counts responses. A 5xx other than 502, 503 and 504 is a bug, whatever was killed. */
export class Tally {
  readonly statuses = new Map<number, number>()
  readonly bugs: string[] = []
  readonly unanswered: string[] = []

  /** @param requestMs ms that a request may take before its client gives up */
  constructor(readonly requestMs: number) {}

  note(status: number, what: string, text: string): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    if (status >= 500 && ![502, 503, 504].includes(status) && this.bugs.length < 20) {
      this.bugs.push(`${what}: ${status} ${text.slice(0, 300)}`)
    }
  }
}

export interface Answered<T> {
  /** 0: no answer */
  status: number
  body: T
}

/** Sends a request. Never rejects. */
export async function send<T = unknown>(
  tally: Tally,
  http: HttpClient,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answered<T | null>> {
  try {
    const answer = await http.request<T>(method, path, body, { headers, within: tally.requestMs })
    tally.note(answer.status, `${method} ${path}`, answer.text)
    return { status: answer.status, body: answer.body }
  } catch (error) {
    tally.note(0, `${method} ${path}`, '')
    tally.unanswered.push(`${method} ${path}: ${error instanceof Error ? error.message : error}`)
    return { status: 0, body: null }
  }
}

/** Signs in; null if that fails now or for this account. */
export async function signIn(
  cluster: ChaosCluster,
  tally: Tally,
  account: Account,
): Promise<{ http: HttpClient; sessionId: string } | null> {
  const http = createClient(cluster.url)
  const given = { username: account.username, password: PASSWORD }
  const { status } = await send(tally, http, 'POST', '/api/auth/login', given)
  if (status !== 200) return null
  return withSession(tally, http)
}

/** Reads the public id of a client's new session. */
export async function withSession(
  tally: Tally,
  http: HttpClient,
): Promise<{ http: HttpClient; sessionId: string } | null> {
  for (let tries = 0; tries < 20; tries++) {
    const listed = await send<{ id: string; current: boolean }[] | { sessions: never }>(
      tally,
      http,
      'GET',
      '/api/auth/sessions',
    )
    if (listed.status === 401) return null
    if (listed.status === 200 && Array.isArray(listed.body)) {
      const current = listed.body.find((session) => session.current)
      return current ? { http, sessionId: current.id } : null
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return null
}
