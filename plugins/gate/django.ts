import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { firstCall } from '../../src/database/first-connection.js'
import {
  DjangoDatabase,
  type DjangoSchema,
  DjangoSchemaError,
  readSchema,
} from '../../src/gate/django-database.js'
import { type GateFile, GateFileError, type GateRoute } from '../../src/gate/gate-file.js'
import { NoticeListener, type NoticeState } from '../../src/gate/notice-listener.js'
import { prepareGuard, type RouteGuard } from '../../src/gate/route-guard.js'
import type { Unreadable } from '../../src/gate/session-data.js'
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
  /** as of now: LISTEN may be lost and come back */
  readonly noticeState: NoticeState
  /** Logs that the database did not answer, once a second; `log`: of the request that met it. */
  noteFailure(err: unknown, log?: FastifyBaseLogger): void
}

export interface DjangoOptions {
  file: GateFile
  url: string
  secrets: readonly string[]
  /** ms between polls of all open sessions, each second unless given; for tests of what notices alone do */
  pollEveryMs?: number | undefined
  /** ms between checks that notices arrive, each 5 s unless given; for tests */
  checkEveryMs?: number | undefined
}

/** Connections at most, by purpose: one kind of question must not keep the others waiting. */
const POOLS = { lookups: 4, guards: 4, watch: 3, watchGuards: 4 }
/** ms between two log lines about sessions that can't be read */
const UNREADABLE_INTERVAL_MS = 60_000
/** ms between two log lines about Django's database: while it is away each question fails */
const LOG_INTERVAL_MS = 1000

const NOTICE_STATES: Record<NoticeState, string> = {
  notices: 'gate.sql is installed: a socket that may not stay stops receiving within 100 ms',
  not_installed:
    'gate.sql is not installed: a socket that may not stay stops receiving within 1.5 s (100 ms with deploy/gate.sql)',
  listen_unavailable:
    'LISTEN does not work through DJANGO_DATABASE_URL, as behind PgBouncer in transaction mode or on a standby: the gate ' +
    'asks each second, and a socket that may not stay stops receiving within 1.5 s',
  lost:
    'no notices arrive any more: until they do, the gate asks each second, and a socket that may not stay stops ' +
    'receiving within 1.5 s',
}

const UNREADABLE: Record<Unreadable, string> = {
  foreign_signature:
    'a session of the site is signed with none of the keys in DJANGO_SECRET_KEY and DJANGO_SECRET_KEY_FALLBACKS: it ' +
    'counts as signed out',
  not_json:
    'a session of the site is not JSON: the gate reads django.contrib.sessions.serializers.JSONSerializer alone ' +
    '(SESSION_SERIALIZER), and it counts as signed out',
}

/** Django's sessions, users and guards, and the watch over the rights of open sockets. */
export const djangoPlugin = fp<DjangoOptions>(
  async (app, { file, url, secrets, pollEveryMs, checkEveryMs }) => {
    const throttle = new LogThrottle(LOG_INTERVAL_MS)
    const onError = (err: unknown, log: FastifyBaseLogger = app.log) => {
      const suppressed = throttle.record()
      if (suppressed !== null) log.error({ err, suppressed }, 'Django’s database does not answer')
    }
    const openPool = (size: number) => {
      const pool = new DjangoDatabase(url, size)
      app.addHook('onClose', () => pool.close())
      return pool
    }
    const database = openPool(POOLS.lookups)
    const watchDatabase = openPool(POOLS.watch)
    const { schema, guards } = await firstCall(() => prepareAll(database, file))
    const reader = new SessionReader(database, schema, secrets, logUnreadable(app))
    const watch = new SessionWatch(
      {
        reader: new SessionReader(watchDatabase, schema, secrets),
        guardDatabase: openPool(POOLS.watchGuards),
      },
      (err) => onError(err),
      pollEveryMs,
    )
    const logState = (state: NoticeState) =>
      app.log[state === 'listen_unavailable' || state === 'lost' ? 'warn' : 'info'](
        { watch: state },
        NOTICE_STATES[state],
      )
    const listener = new NoticeListener({
      url,
      database: watchDatabase,
      names: file.django,
      checkEveryMs,
      onNotice: (payload) => watch.onNotice(payload),
      onGap: () => watch.recheckAll(),
      onChange: logState,
    })
    app.addHook('onClose', async () => {
      watch.close()
      listener.close()
    })
    logState(await listener.start())
    app.decorate('django', {
      reader,
      lookup: new SessionLookup(reader, guards.values(), openPool(POOLS.guards)),
      watch,
      guards,
      get noticeState() {
        return listener.state
      },
      noteFailure: onError,
    })
    app.metrics.gauge('gate_sessions', 'Sessions of open sockets', () => watch.size)
    app.metrics.gauge('gate_notices', '1 while changes are announced by gate.sql', () =>
      listener.state === 'notices' ? 1 : 0,
    )
  },
  { name: 'django', fastify: '5.x', dependencies: ['metrics'] },
)

/** An operator whose users are all refused must learn why: once a minute. */
function logUnreadable({ log }: FastifyInstance): (why: Unreadable) => void {
  const throttles = {
    foreign_signature: new LogThrottle(UNREADABLE_INTERVAL_MS),
    not_json: new LogThrottle(UNREADABLE_INTERVAL_MS),
  }
  return (reason) => {
    const suppressed = throttles[reason].record()
    if (suppressed !== null) log.warn({ reason, suppressed }, UNREADABLE[reason])
  }
}

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
