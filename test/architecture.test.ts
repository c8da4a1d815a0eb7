import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

// Who may import whom. A failure names the file and its import.

const root = fileURLToPath(new URL('..', import.meta.url))
/** what each room of the pages may import besides itself */
const WEB_ROOMS: Record<string, string[]> = {
  boot: [],
  worker: [],
  lib: [],
  strings: ['lib'],
  live: ['lib'],
  chat: ['lib', 'strings'],
  ui: ['lib', 'live', 'strings'],
  customer: ['chat', 'lib', 'live', 'strings', 'ui'],
  staff: ['chat', 'lib', 'live', 'strings', 'ui'],
  manage: ['lib', 'live', 'staff', 'strings', 'ui'],
  pages: ['chat', 'customer', 'lib', 'live', 'manage', 'staff', 'strings', 'ui'],
}
const DOMAIN = ['events', 'protocol', 'access', 'accounts']
/** what each room of src may import besides itself and the base rooms */
const SRC_ROOMS: Record<string, string[]> = {
  protocol: [],
  principal: ['protocol'],
  events: ['protocol'],
  live: ['events', 'protocol'],
  http: [],
  limits: ['http'],
  accounts: ['events', 'protocol', 'access'],
  access: ['protocol', 'http'],
  theatres: DOMAIN,
  seats: [...DOMAIN, 'theatres'],
  orders: [...DOMAIN, 'theatres', 'seats'],
  payments: [...DOMAIN, 'theatres', 'seats', 'orders'],
  chat: [...DOMAIN, 'theatres', 'seats', 'orders'],
  push: DOMAIN,
  snapshots: [...DOMAIN, 'orders', 'chat'],
  'personal-data': ['payments'],
  'demo-data': ['accounts', 'theatres'],
  gate: ['http', 'limits', 'live', 'protocol'],
  backup: ['protocol', 'version'],
  commands: [
    'backup',
    'demo-data',
    'events',
    'protocol',
    'accounts',
    'theatres',
    'seats',
    'payments',
    'push',
  ],
}
const BASE_ROOMS = [
  'concurrency',
  'database',
  'config',
  'errors',
  'principal',
  'logging',
  'tracing',
  'version',
  'start-error',
  'startup-banner',
]
// the entry points: they wire the parts together
const COMPOSITION = [
  'src/app.ts',
  'src/fastify-instance.ts',
  'src/server.ts',
  'src/gate-app.ts',
  'src/gate-server.ts',
  'src/commands/publisher.ts',
]
const FRAMEWORK = /^(?:fastify|fastify-plugin|ws|ioredis|@fastify\/.+)$/

interface Import {
  file: string
  /** a path from the root for our own files, otherwise the package's name */
  target: string
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && /\.(?:ts|tsx|mjs)$/.test(entry.name) && !entry.name.endsWith('.d.ts'),
    )
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.includes('generated/'))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g,
  )
  return [...found].map((match) => {
    const target = match[1] ?? match[2] ?? match[3] ?? ''
    if (!target.startsWith('.')) return { file, target }
    const path = relative(root, resolve(root, dirname(file), target)).replace(/\.js$/, '.ts')
    return { file, target: existsSync(join(root, path)) ? path : path.replace(/\.ts$/, '.tsx') }
  })
}

const importsBelow = (folder: string) => filesBelow(folder).flatMap(importsOf)
const shown = (imports: Import[]) => imports.map(({ file, target }) => `${file} -> ${target}`)
const isOwn = (target: string) => /^(?:src|plugins|routes|web|test|bench|scripts|prisma)\//.test(target)

t.test('the rooms have files, and imports are seen', async (t) => {
  t.ok(filesBelow('src').length > 30, 'src has files')
  t.ok(
    importsOf('src/app.ts').some(({ target }) => target === 'plugins/sockets/live.ts'),
    'an own import is seen',
  )
  t.ok(
    importsOf('src/app.ts').some(({ target }) => target === 'fastify'),
    'a package is seen',
  )
})

t.test('the domain knows no Fastify, no ws and no ioredis', async (t) => {
  const broken = importsBelow('src').filter(
    ({ file, target }) =>
      !COMPOSITION.includes(file) && (FRAMEWORK.test(target) || /^(?:plugins|routes)\//.test(target)),
  )
  t.strictSame(shown(broken), [])
})

const roomOf = (path: string) => /^src\/([\w-]+)(?:\/|\.ts$)/.exec(path)?.[1] ?? ''

t.test('each room of src imports only the rooms that it may', async (t) => {
  const imports = importsBelow('src').filter(({ target }) => target.startsWith('src/'))
  t.ok(imports.length > 200, 'imports between the rooms are seen')
  const broken = imports.filter(({ file, target }) => {
    const [from, to] = [roomOf(file), roomOf(target)]
    return (
      from !== to && !BASE_ROOMS.includes(to) && !SRC_ROOMS[from]?.includes(to) && !COMPOSITION.includes(file)
    )
  })
  t.strictSame(shown(broken), [])
  t.strictSame(
    [...new Set(imports.map(({ file }) => roomOf(file)))].filter(
      (room) => !SRC_ROOMS[room] && !BASE_ROOMS.includes(room),
    ),
    ['app', 'fastify-instance', 'gate-app', 'gate-server', 'server'],
    'every room has its rule',
  )
})

t.test('the gate takes nothing of live but the parts of a socket', async (t) => {
  const imports = importsBelow('src/gate').filter(({ target }) => target.startsWith('src/live/'))
  t.ok(imports.length > 0, 'such imports are seen')
  t.strictSame(shown(imports.filter(({ target }) => !target.startsWith('src/live/socket/'))), [])
})

t.test('a plugin uses no other plugin’s values, and no route', async (t) => {
  const broken = importsBelow('plugins').filter(({ target }) => /^(?:plugins|routes|web)\//.test(target))
  t.strictSame(shown(broken), [])
})

t.test('a route reaches Prisma, Redis and plugins by decorator only', async (t) => {
  const broken = importsBelow('routes').filter(
    ({ target }) =>
      /^(?:plugins|web)\//.test(target) || /^(?:ioredis|pg|ws|@prisma\/.+|src\/database\/.+)$/.test(target),
  )
  t.strictSame(shown(broken), [])
})

t.test(
  'pages import the protocol and nothing else of ours; the protocol imports nothing of ours',
  async (t) => {
    // the bundler's configuration is no page
    const isOfBuild = ({ file, target }: Import) =>
      file === 'web/vite.config.ts' && target.startsWith('scripts/lib/')
    const broken = importsBelow('web').filter(
      (each) =>
        isOwn(each.target) &&
        !each.target.startsWith('web/') &&
        !each.target.startsWith('src/protocol/') &&
        !isOfBuild(each),
    )
    t.strictSame(shown(broken), [])
    const outside = importsBelow('src/protocol').filter(
      ({ target }) => isOwn(target) && !target.startsWith('src/protocol/'),
    )
    t.strictSame(shown(outside), [])
  },
)

t.test('pages import the types of the wire’s schemas, never the schemas', async (t) => {
  const imports = filesBelow('web').flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const found = text.matchAll(
      /^(?:import|export) [^;']*from '[./]*src\/protocol\/(?:views|manager-views|messages)\.js'/gm,
    )
    return [...found].map(([statement]) => ({ file, statement }))
  })
  t.ok(imports.length > 3, 'such imports are seen')
  const values = imports.filter(({ statement }) => !/^(?:import|export) type /.test(statement))
  t.strictSame(values, [])
})

t.test('the rooms of the pages import in one direction; staff and customer never each other', async (t) => {
  const roomOf = (path: string) => /^web\/(\w+)\//.exec(path)?.[1] ?? ''
  const imports = importsBelow('web').filter(({ file, target }) => roomOf(file) && target.startsWith('web/'))
  t.ok(imports.length > 50, 'imports between the pages’ files are seen')
  const broken = imports.filter(
    ({ file, target }) =>
      roomOf(file) !== roomOf(target) && !WEB_ROOMS[roomOf(file)]?.includes(roomOf(target)),
  )
  t.strictSame(shown(broken), [])
})

t.test('no page reads the device’s clock but to learn the service’s', async (t) => {
  const readers = filesBelow('web').filter((file) =>
    /\bDate\.now\b|\bnew Date\(\)/.test(readFileSync(join(root, file), 'utf8')),
  )
  t.strictSame(readers.sort(), ['web/lib/server-time.ts', 'web/lib/sleep.ts'])
})

t.test('only the configuration reads the environment', async (t) => {
  const readers = ['src', 'plugins', 'routes']
    .flatMap(filesBelow)
    .filter((file) => readFileSync(join(root, file), 'utf8').includes('process.env'))
  // the entrances hand it to loadConfig; PostgreSQL's own programs get the PATH
  const entrances = [
    'src/server.ts',
    'src/gate-server.ts',
    'src/commands/',
    'src/database/embedded/cluster.ts',
  ]
  t.strictSame(
    readers.filter((file) => !entrances.some((entrance) => file.startsWith(entrance))),
    [],
  )
})

t.test('nobody but groups.ts writes a group’s name', async (t) => {
  const writers = ['src', 'plugins', 'routes']
    .flatMap(filesBelow)
    .filter((file) => /`(?:theatre|order):\$\{/.test(readFileSync(join(root, file), 'utf8')))
  t.strictSame(writers, ['src/protocol/groups.ts'])
})

t.test('every plugin names itself and the Fastify that it is for', async (t) => {
  for (const file of filesBelow('plugins')) {
    const text = readFileSync(join(root, file), 'utf8')
    if (!/from 'fastify-plugin'/.test(text)) continue
    t.match(text, /name: '[a-z-]+',\s+fastify: '5\.x'/, file)
  }
})

/** The groups of nodes that reach each other, by Tarjan's algorithm. */
function cycles(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (node: string) => {
    order.set(node, order.size)
    lowest.set(node, order.get(node) ?? 0)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) lowest.set(node, Math.min(lowest.get(node) ?? 0, lowest.get(next) ?? 0))
    }
    if (lowest.get(node) !== order.get(node)) return
    const cycle = stack.splice(stack.indexOf(node))
    if (cycle.length > 1) found.push(cycle.sort())
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return found
}

function graphOf(imports: readonly Import[], nodeOf: (path: string) => string) {
  const graph = new Map<string, Set<string>>()
  for (const { file, target } of imports) {
    const [from, to] = [nodeOf(file), nodeOf(target)]
    if (!isOwn(target) || from === to) continue
    const targets = graph.get(from) ?? new Set()
    graph.set(from, targets.add(to))
  }
  return graph
}

t.test('no import cycles between files, nor between the folders of src', async (t) => {
  const ring = graphOf(
    [
      { file: 'src/a/1.ts', target: 'src/b/2.ts' },
      { file: 'src/b/2.ts', target: 'src/c/3.ts' },
      { file: 'src/c/3.ts', target: 'src/a/1.ts' },
      { file: 'src/d/4.ts', target: 'src/a/1.ts' },
    ],
    (path) => path,
  )
  t.strictSame(cycles(ring), [['src/a/1.ts', 'src/b/2.ts', 'src/c/3.ts']], 'a cycle is found')
  const all = ['src', 'plugins', 'routes', 'web'].flatMap(importsBelow)
  t.strictSame(cycles(graphOf(all, (path) => path)), [])
  const ofSrc = all.filter(({ file, target }) => file.startsWith('src/') && target.startsWith('src/'))
  const folderOf = (path: string) => path.split('/')[1] ?? path
  t.strictSame(cycles(graphOf(ofSrc, folderOf)), [])
})

t.test('plugins/README.md lists the plugins in the order in which the app registers them', async (t) => {
  const app = readFileSync(join(root, 'src/app.ts'), 'utf8')
  const files = new Map<string, string>()
  for (const [, name = '', file = ''] of app.matchAll(
    /^import \{ (\w+) \} from '\.\.\/plugins\/(.+)\.js'$/gm,
  ))
    files.set(name, `${file}.ts`)
  const registered = [...app.matchAll(/\.register\((\w+)/g)].flatMap(([, name = '']) => files.get(name) ?? [])
  const readme = readFileSync(join(root, 'plugins/README.md'), 'utf8')
  const listed = [...readme.matchAll(/^\| \d+ \| `([^`]+)` \|/gm)].map(([, file]) => file)
  t.ok(registered.length > 20, 'registrations are seen')
  t.strictSame(listed, registered)
})
