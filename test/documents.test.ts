import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import t from 'tap'
import { loadConfig } from '../src/config/config.js'
import { loadGateConfig } from '../src/config/gate-config.js'
import { VARIABLES } from '../src/config/variables.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

t.test('README describes every variable that the configuration reads, and no other', async (t) => {
  const section = /## Environment\n([\s\S]*?)\n## /.exec(read('README.md'))?.[1] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  const named = rows.flatMap((row) => [...row.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|PORT|HOST)`/g)])
  t.strictSame([...new Set(named.map(([, name]) => name))].sort(), [...VARIABLES].sort())
})

t.test('.env.example has every variable, each with its default', async (t) => {
  const example = parseEnv(read('.env.example').replace(/^# (?=[A-Z_]+=)/gm, ''))
  t.strictSame(Object.keys(example).sort(), [...VARIABLES].sort())
  const dataDirectory = t.testdir()
  t.strictSame(loadConfig(example, { dataDirectory }), loadConfig({}, { dataDirectory }))
})

t.test('every variable is read, and nothing beside them', async (t) => {
  const names = new Set<string>()
  const recorder = (env: Record<string, string>) =>
    new Proxy(env, {
      get(target, name) {
        names.add(String(name))
        return target[String(name)]
      },
    })
  for (const PAYMENT_PROVIDER of ['simulated', 'razorpay'])
    loadConfig(recorder({ PAYMENT_PROVIDER }), { dataDirectory: t.testdir() })
  loadGateConfig(recorder({ DJANGO_DATABASE_URL: 'postgresql://db/site', DJANGO_SECRET_KEY: 'site' }))
  t.strictSame([...names].sort(), [...VARIABLES].sort())
})

const DOCUMENTS = [
  'CONTRIBUTING.md',
  'README.md',
  'web/README.md',
  'plugins/README.md',
  'docs/operations.md',
  'docs/performance.md',
  'docs/wire-protocol.md',
  'docs/security.md',
  'docs/field-notes.md',
  'docs/gate.md',
  'docs/upgrading.md',
  'docs/dependencies.md',
  ...readdirSync(join(root, 'docs/decisions')).map((name) => `docs/decisions/${name}`),
]

t.test('the files that the documents name exist', async (t) => {
  const inRepository =
    /(?<![/\w])(?:src|plugins|routes|web|test|prisma|scripts|docs|bench|deploy)\/[\w./@-]+\.\w+/g
  const inTests = /`((?:security|live|accounts|limits|events|plugins|routes|faults|http|config)\/[\w/-]+)`/g
  for (const document of DOCUMENTS) {
    const text = read(document)
    for (const [path] of text.matchAll(inRepository))
      t.ok(existsSync(join(root, path)), `${document}: ${path}`)
    if (document !== 'docs/security.md') continue
    for (const [, path = ''] of text.matchAll(inTests))
      t.ok(existsSync(join(root, `test/${path}.test.ts`)), `${document}: ${path}`)
  }
})

t.test('the links between the documents lead to files', async (t) => {
  for (const document of DOCUMENTS) {
    const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
    for (const [, target = ''] of links)
      t.ok(existsSync(join(root, dirname(document), target)), `${document}: ${target}`)
  }
})

t.test('plugins/README.md lists the plugins in their order, with what each needs', async (t) => {
  const app = read('src/app.ts')
  const files = new Map(
    [...app.matchAll(/import \{ (\w+Plugin) \} from '\.\.\/plugins\/(.+)\.js'/g)].map(([, name, path]) => [
      name,
      `${path}.ts`,
    ]),
  )
  const registered = [...app.matchAll(/register\((\w+Plugin)\b/g)].map(
    ([, name]) => files.get(name) ?? `${name}`,
  )
  const rows = [...read('plugins/README.md').matchAll(/^\| \d+ \| `(.+?)` \|[^|]*\|([^|]*)\|/gm)]
  t.strictSame(
    rows.map(([, file]) => file),
    registered,
  )
  for (const [, file, needs = ''] of rows) {
    const dependencies = /dependencies: \[([^\]]*)\]/.exec(read(`plugins/${file}`))?.[1] ?? ''
    const names = [...dependencies.matchAll(/'(.+?)'/g)].map(([, name]) => name)
    t.equal(needs.trim(), names.join(', '), `${file}`)
  }
})

t.test('the npm scripts that the documents name exist', async (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const document of DOCUMENTS)
    for (const [, name = ''] of read(document).matchAll(/\bnpm run ([a-z]+)/g))
      t.ok(name in scripts, `${document}: ${name}`)
})
