import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { loadGateConfig } from '../../src/config/gate-config.js'
import { readGateFile } from '../../src/gate/gate-file.js'
import { createGate } from '../../src/gate-app.js'
import { withClient } from '../helpers/database-template.js'
import { portOf } from '../helpers/listen.js'
import { LogCapture } from '../helpers/logs.js'
import type { Teardown } from '../helpers/teardown.js'
import { SITE_KEYS, SITE_SECRET, type Site, type SiteDatabase } from './django.js'

export const LIVE_ORDERS = '/ws/all-seat-datasocket/'

/** The routes of the origin document's sockets, and of the one that gives back what it gets. */
export function siteRoutes({ port }: Pick<Site, 'port'>) {
  const at = `ws://127.0.0.1:${port}`
  return [
    {
      path: LIVE_ORDERS,
      guard: 'staff',
      upstream: `${at}/ws/all-seat-datasocket/?key=\${LIVE_ORDERS_WS_KEY}`,
    },
    {
      path: '/ws/payment-socket/:id/',
      guard: { sql: 'SELECT 1 FROM theatre_order WHERE id = $id AND customer_id = $user' },
      upstream: `${at}/ws/payment-socket/:id/?key=\${PAYMENT_STATUS_WS_KEY}`,
    },
    { path: '/ws/chat-socket/', guard: 'superuser', upstream: `${at}/ws/chat-socket/?key=\${CHAT_WS_KEY}` },
    { path: '/ws/echo/:name/', guard: 'user', upstream: `${at}/ws/echo/:name?fixed=1` },
  ]
}

export interface Gate {
  app: FastifyInstance
  url: string
  port: number
  logs: LogCapture
  close(): Promise<void>
}

export interface GateOptions {
  database: Pick<SiteDatabase, 'readerUrl'>
  /** the content of gate.json */
  file: object
  env?: Record<string, string>
  /** ms between questions, each second unless given */
  pollEveryMs?: number
  /** ms between checks that notices arrive, each 5 s unless given */
  checkEveryMs?: number
}

/** Starts a gate on a free port of 127.0.0.1; closes it at teardown. */
export async function startGate(
  t: Teardown,
  { database, file, env: given, pollEveryMs, checkEveryMs }: GateOptions,
): Promise<Gate> {
  const env = {
    DJANGO_DATABASE_URL: database.readerUrl,
    DJANGO_SECRET_KEY: SITE_SECRET,
    DRAIN_SECONDS: '0',
    PORT: '0',
    ...SITE_KEYS,
    ...given,
  }
  const config = loadGateConfig(env)
  const logs = new LogCapture()
  const app = await createGate(config, readGateFile(JSON.stringify(file), env), {
    logStream: logs,
    pollEveryMs,
    checkEveryMs,
  })
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= Promise.resolve(app.close())
    return closing
  }
  t.teardown(close)
  await app.listen({ host: config.host, port: config.port })
  const port = portOf(app.server)
  return { app, url: `http://127.0.0.1:${port}`, port, logs, close }
}

const sql = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), 'utf8')

/** Runs deploy/gate.sql as the owner of the tables, or takes it back. */
export const installTriggers = ({ url }: SiteDatabase, name = 'gate.sql') =>
  withClient(url, (client) => client.query(sql(name)))
