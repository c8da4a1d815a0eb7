import { createServer } from 'node:net'
import t from 'tap'
import { ConfigError } from '../src/config/config.js'
import { applyMigrations } from '../src/database/migrate.js'
import { explainStart } from '../src/start-error.js'
import { listen } from './helpers/listen.js'

/** The error of a failing attempt to listen. */
const listenError = (host: string, port: number) =>
  new Promise<Error>((resolve, reject) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen(port, host, () => server.close(() => reject(new Error(`listened on ${host}:${port}`))))
  })

t.test(
  'an unusable setting is explained in one line with its name, the problem and what is allowed',
  async (t) => {
    const busy = createServer()
    const port = await listen(busy)
    t.teardown(() => busy.close())
    const unreachable = await applyMigrations('postgresql://somebody:secret-4711@127.0.0.1:1/x').catch(
      (error: unknown) => error,
    )
    const cases: [error: unknown, variable: string][] = [
      [new ConfigError('LOG_LEVEL', 'is "loud": allowed is info.'), 'LOG_LEVEL'],
      [await listenError('nowhere.invalid', 0), 'HOST'],
      [await listenError('203.0.113.7', 0), 'HOST'],
      [await listenError('127.0.0.1', port), 'PORT'],
      [unreachable, 'DATABASE_URL'],
    ]
    for (const [error, variable] of cases) {
      const line = explainStart(error)
      t.match(line, new RegExp(`^${variable} .*allowed`, 'i'))
      t.notMatch(line, /\n|secret-4711|\.[jt]s:/)
    }
  },
)

t.test('an unwritable folder is not blamed on the port', async (t) => {
  const refused = { code: 'EACCES', syscall: 'open', path: '/x/.data/lock' }
  const line = explainStart(
    Object.assign(new Error("EACCES: permission denied, open '/x/.data/lock'"), refused),
  )
  t.match(line, /^The current user can’t write .*\/x\/\.data\/lock.*directory’s owner\.$/)
  t.notMatch(line, /PORT/)
  const reserved = { code: 'EACCES', syscall: 'listen', port: 80 }
  const error = Object.assign(new Error('listen EACCES: permission denied 127.0.0.1:80'), reserved)
  t.match(explainStart(error), /^PORT can’t be opened/)
})

t.test('an unexpected error keeps its stack trace', async (t) => {
  t.match(explainStart(new TypeError('x is not a function')), /TypeError: x is not a function\n\s+at /)
})
