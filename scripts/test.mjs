// @ts-check
// `npm test`: prepares, checks format, lint and types, then runs every tap test, and ends with the counts alone on
// a line. With file names (`npm test -- test/config.test.ts`) it runs just those, without the checks.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { devNull } from 'node:os'
import { pathToFileURL } from 'node:url'
import { announceDatabase } from './lib/env.mjs'
import { inRoot, root } from './lib/paths.mjs'
import { runNode, ScriptError, script } from './lib/run.mjs'
import { reportTap } from './lib/tap-report.mjs'
import { prepare, prepareTools } from './prepare.mjs'

/** @param {string} line */
const print = (line) => process.stdout.write(`${line}\n`)

await script(async () => {
  process.chdir(root)
  // a developer's settings must not change what is tested; the environment can
  process.env.HOUSELIGHTS_ENV_FILE = devNull
  announceDatabase(inRoot('.data/test/postgres'))
  const files = process.argv.slice(2)
  const counts = { passed: 0, failed: 0, skipped: 0 }
  try {
    await prepareTools()
    counts.failed += await attempt(prepare)
    if (files.length === 0) counts.failed += await runChecks()
    const tests = await runTests(files)
    counts.passed = tests.passed
    counts.failed += tests.failed
    counts.skipped = tests.skipped
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    process.stderr.write(`houselights: ${error.message}\n`)
    counts.failed++
  }
  // nothing run is nothing proven
  if (counts.passed + counts.failed === 0) {
    print('No test ran.')
    counts.failed = 1
  }
  print(
    `${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`,
  )
  process.exitCode = counts.failed === 0 ? 0 : 1
})

/**
 * A step without which most tests can still run: its failure is one of the counts.
 *
 * @param {() => Promise<unknown>} step
 * @returns {Promise<number>}
 */
async function attempt(step) {
  try {
    await step()
    return 0
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    print(`FAIL  ${error.message}`)
    return 1
  }
}

/** @returns {Promise<number>} how many failed */
async function runChecks() {
  const tsc = inRoot('node_modules/typescript/bin/tsc')
  const checks = [
    { name: 'format and lint', file: inRoot('node_modules/@biomejs/biome/bin/biome'), args: ['check', '.'] },
    { name: 'types', file: tsc, args: ['-p', '.'] },
    ...(existsSync(inRoot('web/tsconfig.json'))
      ? [{ name: 'types of the pages', file: tsc, args: ['-p', 'web', '--noEmit'] }]
      : []),
  ]
  let failed = 0
  for (const { name, file, args } of checks) {
    const began = Date.now()
    const { code, output } = await runNode(file, args)
    if (code !== 0) {
      failed++
      print(output.trimEnd())
    }
    print(`${code === 0 ? ' ok ' : 'FAIL'}  ${name} in ${((Date.now() - began) / 1000).toFixed(1)} s`)
  }
  return failed
}

/**
 * @param {string[]} files none: all of them, as .taprc says
 * @returns {Promise<import('./lib/tap-report.mjs').Counts>}
 */
async function runTests(files) {
  const services = await startServices()
  try {
    const tap = inRoot('node_modules/tap/dist/esm/run.mjs')
    const child = spawn(process.execPath, [tap, 'run', '--reporter=tap', ...files], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    const counts = await reportTap(child.stdout, print)
    const code = await ended
    if (code !== 0 && counts.failed === 0) {
      print(`FAIL  tap ended with exit code ${code}`)
      counts.failed = 1
    }
    judgeOutput(services.judgeOutput(), counts, files.length === 0)
    return counts
  } finally {
    await services.stop()
  }
}

/**
 * One more test, over all of them: no service of the whole suite wrote a secret that it was told.
 *
 * @param {import('../test/helpers/suite-output.ts').SuiteVerdict} verdict
 * @param {import('./lib/tap-report.mjs').Counts} counts
 * @param {boolean} isWhole all files ran: that nothing was searched is a failure then
 */
function judgeOutput({ bytes, secrets, found }, counts, isWhole) {
  const wasSearched = bytes > 0 && secrets > 0
  if (!wasSearched && !isWhole) return
  const isClean = wasSearched && found.length === 0
  if (isClean) counts.passed++
  else counts.failed += Math.max(1, found.length)
  for (const line of found) print(`      ✗ ${line}`)
  const what = `${secrets} secrets looked for in ${bytes} bytes that services wrote`
  print(`${isClean ? ' ok ' : 'FAIL'}  ${what}: ${found.length} found`)
}

/**
 * What the test files share, so that none pays for it alone: see test/helpers/services.ts.
 *
 * @returns {ReturnType<typeof import('../test/helpers/services.ts').startServices>}
 */
async function startServices() {
  const { register } = await import('tsx/esm/api')
  register()
  const { startServices } = await import(pathToFileURL(inRoot('test/helpers/services.ts')).href)
  return startServices()
}
