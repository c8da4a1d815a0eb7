/** Why the embedded PostgreSQL can't run, in one line that names the remedy. */
export class EmbeddedServerError extends Error {
  override readonly name = 'EmbeddedServerError'
  readonly code = 'embedded_server'
}
