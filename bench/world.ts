import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestDatabase, testDatabase } from '../test/helpers/database.js'
import { createClient } from '../test/helpers/http-client.js'
import { latestBuild } from '../test/helpers/pages.js'
import { startRedis } from '../test/helpers/redis.js'
import { signIn } from '../test/helpers/sign-in.js'
import type { Teardown } from '../test/helpers/teardown.js'
import { until } from '../test/helpers/until.js'
import type { Call, Scene } from './changes.js'
import type { LoadCommand } from './load/main.mjs'
import type { Target } from './load/sockets.mjs'
import { Load, Measured } from './processes.js'

/** What all scenarios share: a database, a Redis, and how to start each subject. */
export interface Surroundings {
  database: TestDatabase
  options: BenchOptions
  subjects: readonly Subject[]
  /** the environment of the service */
  env: Record<string, string>
  build: string
}

/** What one scenario works with. */
export interface World extends Surroundings {
  /** the scenario's: what it started ends with it, also when it failed */
  t: Teardown
  load: Load
}

/** A load of its own for a scenario. */
export const enter = (surroundings: Surroundings, t: Teardown): World => ({
  ...surroundings,
  t,
  load: new Load(t),
})

export interface BenchOptions {
  quick: boolean
  sockets: number
  runs: number
  /** flags of the service's Node, for a profile */
  flags: readonly string[]
}

/** Something to measure: the service, or a peer. */
export interface Subject {
  name: string
  file: string
  env: Record<string, string>
  /** of its WebSocket */
  path: string
  protocol: Target['protocol']
}

export const OURS = 'houselights'
export const PLAIN = 'ws, a loop'
export const SOCKET_IO = 'Socket.IO'
const SECRET = 'a-secret-of-the-bench-with-32-characters'
const GUESTS = 10
/** connections of a server to PostgreSQL and Redis */
const FEW = 40

export async function openWorld(t: Teardown, options: BenchOptions): Promise<Surroundings> {
  const database = await testDatabase(t, { demo: true })
  await database.db
    .$executeRaw`CREATE TABLE bench_rows (id serial PRIMARY KEY, user_id integer, text text, client_id text)`
  const redis = await startRedis(t)
  const dataDirectory = mkdtempSync(join(tmpdir(), 'houselights-bench-'))
  t.teardown(() => rmSync(dataDirectory, { recursive: true, force: true }))
  const build = latestBuild()
  const env = {
    PORT: '0',
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    SECRET_KEY: SECRET,
    PAYMENT_WEBHOOK_SECRET: SECRET,
    RATE_LIMITS: 'off',
    WS_MAX_PER_USER: '1000000',
    LOG_LEVEL: 'error',
    DRAIN_SECONDS: '0',
    BENCH_BUILD: build,
    BENCH_DATA: dataDirectory,
  }
  const shared = { DATABASE_URL: database.url, REDIS_URL: redis.url }
  return {
    database,
    options,
    env,
    build,
    subjects: [
      {
        name: OURS,
        file: './servers/service.mjs',
        env,
        path: '/ws/all-seat-datasocket/',
        protocol: 'houselights.v1',
      },
      ...peers(shared),
    ],
  }
}

function peers(shared: Record<string, string>): Subject[] {
  const plain = { file: './peers/ws.mjs', path: '/', protocol: 'plain' as const }
  const all: Subject[] = [
    { name: PLAIN, env: {}, ...plain },
    { name: 'ws, one frame', env: { BENCH_PREBUILT: '1' }, ...plain },
    {
      name: SOCKET_IO,
      file: './peers/socket-io.mjs',
      env: shared,
      path: '/socket.io/?EIO=4&transport=websocket',
      protocol: 'socket.io',
    },
  ]
  try {
    // optional: it has binaries for some platforms and versions of Node only
    createRequire(new URL('./peers/package.json', import.meta.url))('@trufflesuite/uws-js-unofficial')
    all.push({ name: 'uWebSockets', ...plain, file: './peers/uws.mjs', env: {} })
  } catch {
    console.log('uWebSockets.js has no binary for this machine: it is left out')
  }
  return all
}

/** A subject that runs, and what to open its sockets with. */
export interface Running {
  subject: Subject
  server: Measured
  target: Target
}

/** `t`: what the subject is stopped with. */
export async function startSubject(
  { options, database }: World,
  t: Teardown,
  subject: Subject,
  more: { env?: Record<string, string>; flags?: readonly string[] } = {},
): Promise<Running> {
  const flags = ['--expose-gc', ...(subject.name === OURS ? options.flags : []), ...(more.flags ?? [])]
  const server = await Measured.start(t, subject.file, { env: { ...subject.env, ...more.env }, flags })
  const cookie = await staffCookie(database, subject, server.port)
  return {
    subject,
    server,
    target: { port: server.port, cookie, path: subject.path, protocol: subject.protocol },
  }
}

/** Starts the service, to be measured alone. */
export async function startOurs(world: World, env: Record<string, string> = {}): Promise<Running> {
  const ours = world.subjects.find(({ name }) => name === OURS)
  if (!ours) throw new Error('the service is missing')
  return await startSubject(world, world.t, ours, { env })
}

/** Closes the sockets of the subject's group; resolves once its server has closed them too. */
export async function closeSockets({ load }: World, { subject, server }: Running): Promise<void> {
  await load.run({ do: 'close', group: subject.name })
  await until(async () => (await server.usage()).connections < FEW, 'the sockets to be closed')
}

/** Calls as fast as `concurrency` allows, without regard to sockets. */
export const callsWithoutFrames = (port: number, calls: Call[], concurrency: number): LoadCommand => ({
  do: 'calls',
  port,
  calls,
  concurrency,
  perSecond: null,
  group: null,
  frames: 0,
})

const cookies = new WeakMap<TestDatabase, string>()

/** Signed in once: all nodes, and Socket.IO, read the same session. */
async function staffCookie(database: TestDatabase, { name }: Subject, port: number): Promise<string> {
  const known = cookies.get(database)
  if (known !== undefined || name !== OURS) return known ?? ''
  const { cookie } = await signIn(`http://127.0.0.1:${port}`, 'staff')
  cookies.set(database, cookie)
  return cookie
}

/** Who acts on the service at `port`. */
export async function sceneOf({ database }: World, { server, target }: Running): Promise<Scene> {
  const guests = await Promise.all(
    Array.from({ length: GUESTS }, async () => {
      const client = createClient(`http://127.0.0.1:${server.port}`)
      await client.post('/api/auth/guest')
      return client.cookie
    }),
  )
  return { db: database.db, staff: target.cookie, guests, webhookSecret: SECRET }
}
