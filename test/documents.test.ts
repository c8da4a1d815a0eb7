import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import t from 'tap'
import { loadConfig } from '../src/config/config.js'
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
  t.strictSame([...names].sort(), [...VARIABLES].sort())
})

t.test('the files that CONTRIBUTING and README name are there', async (t) => {
  for (const document of ['CONTRIBUTING.md', 'README.md', 'web/README.md', 'plugins/README.md']) {
    const named = [
      ...read(document).matchAll(/\b(?:src|plugins|routes|web|test|prisma|scripts|docs)\/[\w./-]+\.\w+/g),
    ]
    for (const [path] of named) t.ok(existsSync(join(root, path)), `${document}: ${path}`)
  }
})
