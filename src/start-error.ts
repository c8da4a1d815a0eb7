import { ConfigError } from './config/config.js'
import { EmbeddedServerError } from './database/embedded/embedded-server.js'
import { MigrationError } from './database/migrate.js'

/** Prisma's codes for a database that can't be reached or entered */
const UNUSABLE = ['P1000', 'P1001', 'P1002', 'P1003', 'P1010', 'P1011', 'P1013', 'P1017']
const UNWRITABLE = ['EACCES', 'EPERM', 'EROFS']
const BAD_HOST = ['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']

/**
 * Why the service did not start, in one line for the operator that names the variable to be mended; what is ours
 * keeps its trace.
 */
export function explainStart(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  const said = error.message.replace(/\s+/g, ' ').trim()
  if (error instanceof MigrationError && UNUSABLE.includes(code)) {
    return `DATABASE_URL names a database that can’t be used: ${said} Allowed is the postgresql://… of a server that answers.`
  }
  if (BAD_HOST.includes(code)) {
    return `HOST can’t be listened on (${said}): allowed is an address of this machine, such as 127.0.0.1 or 0.0.0.0.`
  }
  if (code === 'EADDRINUSE') return `PORT is in use (${said}): allowed is a free one, or 0 for any.`
  const isListening = 'syscall' in error && error.syscall === 'listen'
  if (UNWRITABLE.includes(code) && !isListening) {
    return `This user may not write where the service keeps its data (${said}): start it as the user that the folder belongs to.`
  }
  if (code === 'EACCES') {
    return `PORT may not be listened on by this user (${said}): allowed is one from 1024 on, as a rule.`
  }
  const isPlain =
    error instanceof ConfigError || error instanceof EmbeddedServerError || error instanceof MigrationError
  return isPlain ? said : (error.stack ?? said)
}
