// @ts-check
// What `npm test` and `npm run check` share: the static checks, running tap, and the line of counts.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { devNull } from 'node:os'
import { pathToFileURL } from 'node:url'
import { prepare, prepareTools } from '../prepare.mjs'
import { compileTests, SHARED_SERVICES } from './compiled-tests.mjs'
import { announceDatabase } from './env.mjs'
import { inRoot, root } from './paths.mjs'
import { runNode, ScriptError } from './run.mjs'
import { reportTap } from './tap-report.mjs'
import { testFiles } from './test-files.mjs'

/** @param {string} line */
export const print = (line) => process.stdout.write(`${line}\n`)

/**
 * Prepares the project, runs `work`, prints the counts alone on a line, and sets the exit code.
 *
 * @param {(counts: import('./tap-report.mjs').Counts) => Promise<void>} work adds to the counts
 */
export async function countingTests(work) {
  process.chdir(root)
  // tests do not depend on a developer's .env
  process.env.HOUSELIGHTS_ENV_FILE = devNull
  announceDatabase(inRoot('.data/test/postgres'))
  const counts = { passed: 0, failed: 0, skipped: 0 }
  try {
    await prepareTools()
    counts.failed += await attempt(prepare)
    await work(counts)
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    process.stderr.write(`houselights: ${error.message}\n`)
    counts.failed++
  }
  // a run without tests is a failure
  if (counts.passed + counts.failed === 0) {
    print('No test ran.')
    counts.failed = 1
  }
  print(
    `${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`,
  )
  process.exitCode = counts.failed === 0 ? 0 : 1
}

/**
 * Runs a step that most tests do not need: its failure counts as one failed test.
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

/**
 * Checks format, lint and types, all at once.
 *
 * @returns {Promise<number>} how many failed
 */
export async function runChecks() {
  const tsc = inRoot('node_modules/typescript/bin/tsc')
  const checks = [
    { name: 'format and lint', file: inRoot('node_modules/@biomejs/biome/bin/biome'), args: ['check', '.'] },
    { name: 'types', file: tsc, args: ['-p', '.'] },
    ...(existsSync(inRoot('web/tsconfig.json'))
      ? [
          { name: 'types of the pages', file: tsc, args: ['-p', 'web', '--noEmit'] },
          { name: 'types of the service worker', file: tsc, args: ['-p', 'web/worker', '--noEmit'] },
        ]
      : []),
  ]
  const verdicts = await Promise.all(
    checks.map(async ({ name, file, args }) => {
      const began = performance.now()
      const { code, output } = await runNode(file, args)
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      if (code !== 0) print(output.trimEnd())
      print(`${code === 0 ? ' ok ' : 'FAIL'}  ${name} in ${seconds} s`)
      return code === 0
    }),
  )
  return verdicts.filter((isGood) => !isGood).length
}

/** One more than a small machine has cores: many tests wait for timers of the service. None asserts a duration. */
const JOBS = 3
/** for one file, far more than any takes on a busy machine: each wait of a test has its own deadline */
const TIMEOUT_SECONDS = 1200

/**
 * Runs test files, and adds to the counts.
 *
 * @param {string[]} names files, folders and globs; empty: all files
 * @param {import('./tap-report.mjs').Counts} counts
 */
export async function runTests(names, counts) {
  const files = await testFiles(names)
  if (files.length === 0) return
  const compiled = await tryToCompile(files)
  try {
    const services = await startSharedServices(files, compiled)
    try {
      const tests = await runFiles(files, compiled)
      counts.passed += tests.passed
      counts.failed += tests.failed
      counts.skipped += tests.skipped
      judgeOutput(services.judgeOutput(), counts, names.length === 0)
    } finally {
      await services.stop()
    }
  } finally {
    compiled?.remove()
  }
}

/**
 * Bundles the files. What cannot be bundled, as when one has a syntax error, runs from the sources: so the others run.
 *
 * @param {string[]} files
 */
async function tryToCompile(files) {
  try {
    return await compileTests(files)
  } catch (error) {
    print(`The tests run from the sources, since they cannot be bundled: ${error}`)
    return null
  }
}

/**
 * @param {string[]} files
 * @param {import('./compiled-tests.mjs').CompiledTests | null} compiled
 */
async function runFiles(files, compiled) {
  /** @type {import('./tap-runner.mjs').RunnerOptions} */
  const options = {
    files: files.map((name) => ({ name, path: compiled?.pathOf(name) ?? name })),
    nodeArgs: ['--enable-source-maps', ...(compiled ? [] : ['--import=tsx'])],
    jobs: JOBS,
    timeout: TIMEOUT_SECONDS,
  }
  const child = spawn(process.execPath, [inRoot('scripts/lib/tap-runner.mjs'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...compiled?.env },
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  const tests = await reportTap(child.stdout, print)
  const code = await ended
  if (code !== 0 && tests.failed === 0) {
    print(`FAIL  tap ended with exit code ${code}`)
    tests.failed = 1
  }
  return tests
}

/**
 * One more test over all files: no service has printed one of its secrets.
 *
 * @param {import('../../test/helpers/suite-output.ts').SuiteVerdict} verdict
 * @param {import('./tap-report.mjs').Counts} counts
 * @param {boolean} isWhole all files ran, so that searching nothing is a failure
 */
function judgeOutput({ bytes, secrets, found }, counts, isWhole) {
  const wasSearched = bytes > 0 && secrets > 0
  if (!wasSearched && !isWhole) return
  const isClean = wasSearched && found.length === 0
  if (isClean) counts.passed++
  else counts.failed += Math.max(1, found.length)
  for (const line of found) print(`      ✗ ${line}`)
  print(
    `${isClean ? ' ok ' : 'FAIL'}  searched ${bytes} bytes of service output for ${secrets} secrets: ${found.length} found`,
  )
}

/**
 * Starts what the test files share: see test/helpers/shared-services.ts.
 *
 * @param {string[]} files
 * @param {import('./compiled-tests.mjs').CompiledTests | null} compiled
 * @returns {ReturnType<typeof import('../../test/helpers/shared-services.ts').startSharedServices>}
 */
async function startSharedServices(files, compiled) {
  if (!compiled) (await import('tsx/esm/api')).register()
  const path = compiled?.pathOf(SHARED_SERVICES) ?? SHARED_SERVICES
  const { startSharedServices } = await import(pathToFileURL(inRoot(path)).href)
  return startSharedServices({ django: files.some((file) => file.startsWith('test/gate/')) })
}
