import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { createApp } from '../../src/app.js'
import { type Config, loadConfig } from '../../src/config/config.js'
import type { Database } from '../../src/database/client.js'
import { type TestDatabase, testDatabase } from './database.js'
import { portOf } from './listen.js'
import { LogCapture } from './logs.js'
import { builtPages } from './pages.js'
import { keepCookieSecret, keepSecret } from './suite-output.js'
import type { Teardown } from './teardown.js'

export interface ServiceOptions {
  /** variables of the service's environment, over the tests' own; nothing comes from the process */
  env?: Record<string, string>
  /** shared with another node or another test; else one of its own, with the demo theatres if `demo` says so */
  database?: TestDatabase
  demo?: boolean
  /** serve the built pages, or those in a folder */
  pages?: boolean | string
  /** ms between polls of the event log, each second unless given */
  pollMs?: number
  /** ms to wait for Redis, where a test is about what nodes share and not about a slow Redis */
  redisReplyMs?: number
}

export interface TestService {
  app: FastifyInstance
  /** http://127.0.0.1:port */
  url: string
  port: number
  config: Config
  logs: LogCapture
  database: TestDatabase
  db: Database
  /** Closes it before the test's end; may be called again. */
  close(): Promise<void>
}

/** 32 characters and more, and easy to find where they must not be */
export const TEST_SECRETS = {
  SECRET_KEY: 'test-signing-secret-that-nobody-may-see',
  PAYMENT_WEBHOOK_SECRET: 'test-webhook-secret-that-nobody-may-see',
}

/** Starts one node of the service on a free port of 127.0.0.1, on real parts; closes it at teardown. */
export async function startService(t: Teardown, overrides: ServiceOptions = {}): Promise<TestService> {
  const database =
    overrides.database ??
    (await testDatabase(t, overrides.demo === undefined ? {} : { demo: overrides.demo }))
  const dataDirectory = mkdtempSync(join(tmpdir(), 'houselights-test-'))
  t.teardown(() => rmSync(dataDirectory, { recursive: true, force: true }))
  const config = loadConfig(
    { DATABASE_URL: database.url, PORT: '0', DRAIN_SECONDS: '0', ...TEST_SECRETS, ...overrides.env },
    { dataDirectory },
  )
  const logs = new LogCapture()
  const app = await createApp(config, {
    databaseUrl: database.url,
    logStream: logs,
    pagesDirectory:
      typeof overrides.pages === 'string' ? overrides.pages : overrides.pages ? builtPages() : null,
    redisReplyMs: overrides.redisReplyMs,
    pollMs: overrides.pollMs,
  })
  // whoever asks: browsers and raw sockets too
  app.server.prependListener('request', (_request, response) => {
    response.once('finish', () => {
      for (const line of [response.getHeader('set-cookie') ?? []].flat()) keepCookieSecret(String(line))
    })
  })
  for (const [what, value] of Object.entries(TEST_SECRETS)) keepSecret(what, value)
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= Promise.resolve(app.close())
    return closing
  }
  t.teardown(close)
  await app.listen({ host: config.host, port: config.port })
  const port = portOf(app.server)
  return { app, url: `http://127.0.0.1:${port}`, port, config, logs, database, db: database.db, close }
}

/** A node with the demo theatres and no limits on how many come from one place. */
export function startNode(t: Teardown, { env, ...overrides }: ServiceOptions = {}): Promise<TestService> {
  return startService(t, {
    demo: true,
    ...overrides,
    env: { RATE_LIMITS: 'off', WS_MAX_PER_USER: '100000', WS_HEARTBEAT_SECONDS: '1', ...env },
  })
}
