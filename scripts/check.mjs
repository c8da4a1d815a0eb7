// @ts-check
// `npm run check`: what to run before a commit. Format, lint and types, then the tests of the folders that need no
// browser, no cluster, no restarted process and no chaos.
import { readdirSync } from 'node:fs'
import { countingTests, print, runChecks, runTests } from './lib/checks.mjs'
import { inRoot } from './lib/paths.mjs'
import { script } from './lib/run.mjs'

/** folders of test/ that `npm test` alone runs: each of their files takes many seconds, or a program of the machine */
const SLOW = ['browser', 'cluster', 'commands', 'database', 'faults', 'gate', 'scripts', 'security']

await script(() =>
  countingTests(async (counts) => {
    const began = performance.now()
    const folders = readdirSync(inRoot('test'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !SLOW.includes(entry.name))
      .map(({ name }) => name)
    const files = folders.flatMap((folder) =>
      readdirSync(inRoot('test', folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => `test/${folder}/${name}`),
    )
    counts.failed += await runChecks()
    await runTests([...files.sort(), 'test/architecture.test.ts'], counts)
    print(
      `in ${((performance.now() - began) / 1000).toFixed(0)} s, without test/{${SLOW.join(',')}}: those run in npm test`,
    )
  }),
)
