import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

// The licences of what runs in production, beside docs/dependencies.md.

const root = fileURLToPath(new URL('..', import.meta.url))

interface Component {
  name: string
  licenses?: ({ license: { id?: string; name?: string } } | { expression: string })[]
}

async function productionPackages(): Promise<Component[]> {
  const args = ['sbom', '--package-lock-only', '--omit', 'dev', '--sbom-format', 'cyclonedx']
  const { stdout } = await promisify(execFile)('npm', args, { cwd: root, maxBuffer: 64 * 2 ** 20 })
  return (JSON.parse(stdout) as { components: Component[] }).components
}

/** All licences whose terms hold for a package. */
function licencesOf({ licenses = [] }: Component): string[] {
  const named = licenses.map((each) =>
    'expression' in each ? each.expression : (each.license.id ?? each.license.name ?? 'unknown'),
  )
  return named.length > 0 ? named.flatMap((name) => name.split(/ and /i)) : ['none']
}

t.test('every package that runs in production has a licence that docs/dependencies.md names', async (t) => {
  const document = readFileSync(`${root}docs/dependencies.md`, 'utf8')
  const list = /have one of these licences[^:]*: ([^.]+(?:\.\d[^.]*)*)\./.exec(document)?.[1] ?? ''
  const allowed = new Set(list.split(',').map((name) => name.trim()))
  t.ok(allowed.has('MIT'), 'the list was found')
  const exceptions = [...document.matchAll(/^\| `([^`]+)` \| ([A-Z][\w.-]+) \|/gm)].map(
    ([, name, licence]) => ({
      name: new RegExp(`^${name?.replaceAll('*', '.*')}$`),
      licence,
    }),
  )
  const isException = (name: string, licence: string) =>
    exceptions.some((each) => each.name.test(name) && each.licence === licence)
  const packages = await productionPackages()
  t.ok(packages.length > 100, 'npm has listed the packages')
  const others = packages
    .map(({ name, ...rest }) => ({
      name,
      licences: licencesOf({ name, ...rest }).filter(
        (licence) => !allowed.has(licence) && !isException(name, licence),
      ),
    }))
    .filter(({ licences }) => licences.length > 0)
  t.strictSame(others, [])
})
