import type { Database } from '../database/client.js'
import { type DjangoHash, readDjangoHash } from './django-hashes.js'

/** ms for which the kinds of imported hashes are remembered: after an import, sign-ins know of it this late */
const REMEMBERED_MS = 30_000
/** kinds that are told apart at most: the parameters of a site's hashes change with a release of Django */
const MAX_KINDS = 8

/** For each kind of imported hash an example, of the most rounds. */
export type ImportedKinds = ReadonlyMap<string, DjangoHash>

const known = new WeakMap<Database, { kinds: Promise<ImportedKinds>; until: number }>()

/** The kinds of imported hashes that accounts still have. Sign-ins at the same time share one query. */
export function findImportedKinds(db: Database): Promise<ImportedKinds> {
  const found = known.get(db)
  if (found && found.until > performance.now()) return found.kinds
  const kinds = readImportedKinds(db)
  known.set(db, { kinds, until: performance.now() + REMEMBERED_MS })
  // the next sign-in asks again
  kinds.catch(() => known.delete(db))
  return kinds
}

async function readImportedKinds(db: Database): Promise<ImportedKinds> {
  // one example of each: the parts that decide the cost, without salt and hash; of PBKDF2 the one with most iterations
  const rows = await db.$queryRaw<{ hash: string }[]>`
    SELECT DISTINCT ON (kind) password_hash AS hash FROM (
      SELECT password_hash, CASE
        WHEN password_hash LIKE 'pbkdf2%' THEN split_part(password_hash, '$', 1)
        WHEN password_hash LIKE 'scrypt%' THEN regexp_replace(password_hash, '^(scrypt\\$\\d+\\$)[^$]*(\\$\\d+\\$\\d+\\$).*$', '\\1\\2')
        ELSE regexp_replace(password_hash, '\\$[^$]*\\$[^$]*$', '') END AS kind,
        CASE WHEN password_hash LIKE 'pbkdf2%' THEN split_part(password_hash, '$', 2)::int ELSE 1 END AS rounds
      FROM users WHERE password_hash NOT LIKE '$%') AS imported
    ORDER BY kind, rounds DESC LIMIT ${MAX_KINDS}`
  const kinds = new Map<string, DjangoHash>()
  for (const { hash } of rows) {
    const read = readDjangoHash(hash)
    if (read) kinds.set(read.kind, read)
  }
  return kinds
}

/**
 * Takes the time that checks of all kinds take, but for what the check of `tried` has taken already: so every failed sign-in
 * takes the same, whatever kind of hash the account has, and whether there is an account.
 */
export async function equalizeWork(
  kinds: ImportedKinds,
  tried: DjangoHash | null,
  password: string,
): Promise<void> {
  for (const [kind, example] of kinds) {
    const spent = kind === tried?.kind ? tried.rounds : 0
    await example.spend(password, Math.max(0, example.rounds - spent))
  }
}
