import { ConfigError } from './config/config.js'
import { ReadOnlyServerError } from './database/connection-settings.js'
import { DatabaseUrlError } from './database/database-url-error.js'
import { EmbeddedServerError } from './database/embedded/embedded-server.js'
import { MigrationError } from './database/migrate.js'

/** Prisma's codes for a database that can't be reached or logged in to */
const UNUSABLE = ['P1000', 'P1001', 'P1002', 'P1003', 'P1010', 'P1011', 'P1013', 'P1017']
const UNWRITABLE = ['EACCES', 'EPERM', 'EROFS']
const BAD_HOST = ['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']

/**
 * Explains to the operator in one line why the service did not start, naming the variable to change. An unexpected
 * error keeps its stack trace.
 */
export function explainStart(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  const message = error.message.replace(/\s+/g, ' ').trim()
  if (error instanceof MigrationError && UNUSABLE.includes(code)) {
    return `DATABASE_URL names a database that can’t be used: ${message} Allowed is the postgresql://… URL of a running server.`
  }
  if (BAD_HOST.includes(code)) {
    return `HOST can’t be listened on (${message}): allowed is an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them.`
  }
  if (code === 'EADDRINUSE')
    return `PORT is in use (${message}): allowed is any free port, or 0 to have one chosen.`
  const isListening = 'syscall' in error && error.syscall === 'listen'
  if (UNWRITABLE.includes(code) && !isListening) {
    return `The current user can’t write to the data directory (${message}): start the service as the directory’s owner.`
  }
  if (code === 'EACCES') {
    return `PORT can’t be opened by this user (${message}): ports below 1024 usually need root; choose a higher one.`
  }
  const isPlain = [
    ConfigError,
    DatabaseUrlError,
    EmbeddedServerError,
    MigrationError,
    ReadOnlyServerError,
  ].some((type) => error instanceof type)
  return isPlain ? message : (error.stack ?? message)
}
