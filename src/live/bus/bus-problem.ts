/**
 * Why the bus between nodes does not work. `silent`: messages don't come back; `away`: no connection.
 * `listen_unavailable`: PostgreSQL's LISTEN has no effect, as behind PgBouncer in transaction mode.
 */
export type BusProblem =
  | 'away'
  | 'silent'
  | 'loading'
  | 'wrong_password'
  | 'no_permission'
  | 'too_many_clients'
  | 'listen_unavailable'

/** What the operator does about it. */
export const REMEDIES: Readonly<Record<BusProblem, string>> = {
  away: 'the server of REDIS_URL, or without one the database, can’t be reached: start it, or check the address',
  silent: 'the server is connected and delivers nothing: check its load and the network',
  loading: 'Redis is loading its data: wait',
  wrong_password: 'Redis refuses the user or the password in REDIS_URL: correct it',
  no_permission:
    'Redis’s user lacks a right: ACL SETUSER … resetchannels &houselights:* ~houselights:* +@all -@admin -@dangerous',
  too_many_clients: 'Redis accepts no more connections: raise its maxclients',
  listen_unavailable: 'set REDIS_URL, or connect to PostgreSQL directly',
}

/** Redis' and Valkey's errors, by the first words of their replies. */
const REPLIES: readonly [RegExp, BusProblem][] = [
  [/^(?:WRONGPASS|NOAUTH|ERR (?:invalid password|AUTH ))/, 'wrong_password'],
  [/^NOPERM/, 'no_permission'],
  [/max number of clients/, 'too_many_clients'],
  [/^(?:LOADING|BUSYLOADING|MASTERDOWN)/, 'loading'],
]

/** The reason in an error of Redis; `away` when it is not a reply. */
export function redisProblem(error: unknown): BusProblem {
  const message = error instanceof Error ? error.message : ''
  return REPLIES.find(([pattern]) => pattern.test(message))?.[1] ?? 'away'
}
