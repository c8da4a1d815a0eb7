// @ts-check
// `npm run check`: what to run before a commit. Format, lint and types, then the tests of the folders that need no
// browser, no cluster, no program of their own and no chaos.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { countingTests, print, runChecks, runTests } from './lib/checks.mjs'
import { inRoot } from './lib/paths.mjs'
import { script } from './lib/run.mjs'

/** folders of test/ that only `npm test` runs: their files start programs, or take many seconds each */
const SLOW = ['browser', 'cluster', 'commands', 'database', 'faults', 'gate', 'scripts', 'security']

/** storms and random runs: seconds of work, and the better the longer */
const STORMS = /\/(?:races|new-enemy)\.test\.ts$/

/** the tests of a folder, in one process: starting one costs more than most files */
const GROUPS = inRoot('.data/check')

await script(() =>
  countingTests(async (counts) => {
    const began = performance.now()
    counts.failed += await runChecks()
    await runTests(writeGroups(), counts)
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    print(`in ${seconds} s, without test/{${SLOW.join(',')}}, races and storms: npm test runs those too`)
  }),
)

/** @returns {string[]} one file for each folder, which imports the tests in it */
function writeGroups() {
  rmSync(GROUPS, { recursive: true, force: true })
  mkdirSync(GROUPS, { recursive: true })
  const folders = readdirSync(inRoot('test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !SLOW.includes(entry.name))
    .map(({ name }) => ({ name, files: testsBelow(inRoot('test', name)) }))
    .filter(({ files }) => files.length > 0)
  return folders.map(({ name, files }) => {
    const path = join(GROUPS, `${name}.test.mjs`)
    const imports = files.map((file) => `import ${JSON.stringify(pathToFileURL(file).href)}\n`)
    writeFileSync(path, imports.join(''))
    return path
  })
}

/** @param {string} folder */
function testsBelow(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => !STORMS.test(path))
}
