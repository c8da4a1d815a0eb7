import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import {
  DjangoDatabase,
  type DjangoSchema,
  DjangoSchemaError,
  readSchema,
} from '../../src/gate/django-database.js'
import { type GateFile, GateFileError, type GateRoute } from '../../src/gate/gate-file.js'
import { NoticeListener, type NoticeState } from '../../src/gate/notice-listener.js'
import { prepareGuard, type RouteGuard } from '../../src/gate/route-guard.js'
import { SessionLookup } from '../../src/gate/session-lookup.js'
import { SessionReader } from '../../src/gate/session-reader.js'
import { SessionWatch } from '../../src/gate/session-watch.js'
import { LogThrottle } from '../../src/logging.js'

declare module 'fastify' {
  interface FastifyInstance {
    django: Django
  }
}

export interface Django {
  /** for handshakes: however many come, the questions of the watch have connections of their own */
  reader: SessionReader
  lookup: SessionLookup
  watch: SessionWatch
  guards: ReadonlyMap<GateRoute, RouteGuard>
  noticeState: NoticeState
  /** Logs that the database did not answer, once a second; `log`: of the request that met it. */
  noteFailure(err: unknown, log?: FastifyBaseLogger): void
}

export interface DjangoOptions {
  file: GateFile
  url: string
  secrets: readonly string[]
  /** ms between questions about all open sessions, each second unless given; for tests of what notices alone do */
  askEveryMs?: number | undefined
}

/** ms between two log lines about Django's database: while it is away each question fails */
const LOG_INTERVAL_MS = 1000

const NOTICE_STATES: Record<NoticeState, string> = {
  notices: 'gate.sql is installed: a socket that may not stay stops receiving within 100 ms',
  not_installed:
    'gate.sql is not installed: a socket that may not stay stops receiving within 1.5 s (100 ms with deploy/gate.sql)',
  listen_unavailable:
    'LISTEN does not work through DJANGO_DATABASE_URL, as behind PgBouncer in transaction mode or on a standby: the gate ' +
    'asks each second, and a socket that may not stay stops receiving within 1.5 s',
}

/** Django's sessions, users and guards, and the watch over the rights of open sockets. */
export const djangoPlugin = fp<DjangoOptions>(
  async (app, { file, url, secrets, askEveryMs }) => {
    const throttle = new LogThrottle(LOG_INTERVAL_MS)
    const onError = (err: unknown, log: FastifyBaseLogger = app.log) => {
      const suppressed = throttle.record()
      if (suppressed !== null) log.error({ err, suppressed }, 'Django’s database does not answer')
    }
    const database = new DjangoDatabase(url)
    const watchDatabase = new DjangoDatabase(url)
    app.addHook('onClose', async () => void (await Promise.all([database.close(), watchDatabase.close()])))
    const { schema, guards } = await prepareAll(database, file)
    const reader = new SessionReader(database, schema, secrets)
    const watch = new SessionWatch(
      new SessionReader(watchDatabase, schema, secrets),
      (err) => onError(err),
      askEveryMs,
    )
    const listener = new NoticeListener(
      url,
      watchDatabase,
      (payload) => watch.onNotice(payload),
      () => watch.doubtAll(),
    )
    app.addHook('onClose', async () => {
      watch.close()
      listener.close()
    })
    const noticeState = await listener.check(file.django)
    app.log[noticeState === 'listen_unavailable' ? 'warn' : 'info'](
      { watch: noticeState },
      NOTICE_STATES[noticeState],
    )
    app.decorate('django', {
      reader,
      lookup: new SessionLookup(reader),
      watch,
      guards,
      noticeState,
      noteFailure: onError,
    })
    app.metrics.gauge('gate_sessions', 'Sessions of open sockets', () => watch.size)
    app.metrics.gauge('gate_notices', '1 while changes are announced by gate.sql', () =>
      noticeState === 'notices' ? 1 : 0,
    )
  },
  { name: 'django', fastify: '5.x', dependencies: ['metrics'] },
)

/** Throws a GateFileError with all that the database finds wrong. */
async function prepareAll(
  database: DjangoDatabase,
  file: GateFile,
): Promise<{ schema: DjangoSchema; guards: Map<GateRoute, RouteGuard> }> {
  const problems: string[] = []
  const note = (error: unknown) => {
    if (!(error instanceof DjangoSchemaError)) throw error
    problems.push(error.message)
    return null
  }
  const schema = await readSchema(database, file.django).catch(note)
  const guards = new Map<GateRoute, RouteGuard>()
  for (const route of file.routes) {
    const guard = await prepareGuard(database, route).catch(note)
    if (guard) guards.set(route, guard)
  }
  if (!schema || problems.length > 0) throw new GateFileError(problems)
  return { schema, guards }
}
