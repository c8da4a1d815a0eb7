import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { testDatabase } from '../helpers/database.js'

// Pitfalls of dependencies that can't be tested through the service. For the others see docs/security.md.

const root = fileURLToPath(new URL('../..', import.meta.url))

function sourcesBelow(...folders: string[]): { name: string; text: string }[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('generated'))
      .map((name) => ({ name: join(folder, name), text: readFileSync(join(root, folder, name), 'utf8') })),
  )
}

t.test(
  '@fastify/websocket is 11.3.6 or later: before, a reset during an asynchronous hook ended the process',
  async (t) => {
    const { version } = createRequire(import.meta.url)('@fastify/websocket/package.json') as {
      version: string
    }
    const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
    t.ok(major * 1e6 + minor * 1e3 + patch >= 11_003_006, version)
  },
)

t.test('tests open sockets over TCP: injected ones bypass Node’s HTTP parser', async (t) => {
  const users = sourcesBelow('test', 'bench').filter(({ text }) =>
    /\.inject\w*S\(|[^'`]inject[W]S/.test(text),
  )
  t.strictSame(
    users.map(({ name }) => name),
    [],
  )
})

t.test('Prisma rejects undefined values instead of dropping the condition', async (t) => {
  const { db } = await testDatabase(t, { demo: true })
  // as untyped code could: the compiler rejects it
  const where = (condition: object) => ({ where: condition }) as { where: { id: number } }
  const id = 1
  t.ok(await db.user.findUnique(where({ id })), 'the user exists')
  const undefineds: (() => PromiseLike<unknown>)[] = [
    () => db.user.findFirst(where({ id, role: undefined })),
    () => db.user.findUnique(where({ id, role: undefined })),
    () => db.user.updateMany({ ...where({ id: undefined }), data: { isActive: false } }),
    () => db.user.deleteMany(where({ id: undefined })),
  ]
  for (const query of undefineds) await t.rejects(async () => query(), /undefined/)
  t.equal(await db.user.count({ where: { isActive: true } }), await db.user.count(), 'no user was changed')
})

t.test('no query is logged with its parameters', async (t) => {
  const loggers = sourcesBelow('src', 'plugins', 'routes').filter(({ text }) =>
    /\$on\(|new PrismaClient\([^)]*\blog\b/s.test(text),
  )
  t.strictSame(
    loggers.map(({ name }) => name),
    [],
  )
})
