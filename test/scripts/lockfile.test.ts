import { readFileSync } from 'node:fs'
import t from 'tap'

interface Locked {
  version?: string
  integrity?: string
  resolved?: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')
const { packages } = JSON.parse(text) as { packages: Record<string, Locked> }

t.test('the lockfile names no registry, so each user’s own is used', async (t) => {
  t.notMatch(text, /"resolved"|https?:\/\/[^"]*\.tgz/)
})

t.test('it has the packages of every platform, without which npm ci fails', async (t) => {
  const names = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')))
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !names.has(name))
      .map((name) => `${path} needs ${name}`),
  )
  t.strictSame(missing, [])
})

t.test('every package is pinned by version and hash', async (t) => {
  const loose = Object.entries(packages).filter(
    ([path, { version, integrity }]) => path !== '' && !(version && integrity),
  )
  t.strictSame(
    loose.map(([path]) => path),
    [],
  )
})
