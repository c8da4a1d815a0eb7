// @ts-check
// `npm run check`, to run before a commit: format, lint and types, then the tests that need no browser, no cluster, no
// program of their own and no chaos.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { countingTests, print, runChecks, runTests } from './lib/checks.mjs'
import { inRoot } from './lib/paths.mjs'
import { script } from './lib/run.mjs'

/** What only `npm test` runs: these start programs, or take many seconds each. */
const SLOW = [
  'browser/',
  'cluster/',
  'commands/',
  'database/',
  'deploy/',
  'faults/',
  'plugins/redis.test.ts',
  'scripts/',
  'security/',
  'server.test.ts',
  'tracing/',
]

/** Stress and randomized tests, and a long table: too slow here. */
const STRESS = /\/(?:races|new-enemy|money)\.test\.ts$/

/** Tests of the gate that need Django. */
const NEEDS_DJANGO =
  /^gate\/(?:away|browser|frames|handshake|notices|revocation|session-watch|start|tls-upstream)\.test\.ts$/

/**
 * Processes that run the tests. Each loads the service once, which costs more CPU
 * than most test files.
 */
const PARTS = 3
const PARTS_FOLDER = inRoot('.data/check')
const PART_FILE = pathToFileURL(inRoot('scripts/lib/part-file.mjs')).href

await script(() =>
  countingTests(async (counts) => {
    const began = performance.now()
    // side by side: tests wait for timers
    const checks = runChecks()
    await runTests(writeParts(), counts)
    counts.failed += await checks
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    print(
      `in ${seconds} s, without test/{${SLOW.map((name) => name.replace(/\/$/, '')).join(',')}}, races, new-enemy, money and what needs Django: npm test runs those too`,
    )
  }),
)

/**
 * Deals the test files out to the parts.
 *
 * @returns {string[]} for each part, a file that runs its test files
 */
function writeParts() {
  rmSync(PARTS_FOLDER, { recursive: true, force: true })
  mkdirSync(PARTS_FOLDER, { recursive: true })
  const files = readdirSync(inRoot('test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !SLOW.some((slow) => name.startsWith(slow)))
    .filter((name) => !STRESS.test(name) && !NEEDS_DJANGO.test(name))
    .sort()
  return Array.from({ length: PARTS }, (_, part) => {
    const path = join(PARTS_FOLDER, `part-${part + 1}.test.mjs`)
    const own = files.filter((_name, at) => at % PARTS === part)
    const lines = own.map((name) => {
      const url = JSON.stringify(pathToFileURL(inRoot('test', name)).href)
      return `await runFile('test/${name}', () => import(${url}))\n`
    })
    writeFileSync(path, `import { runFile } from ${JSON.stringify(PART_FILE)}\n${lines.join('')}`)
    return path
  })
}
