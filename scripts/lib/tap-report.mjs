// @ts-check
// Reads the runner's TAP output, prints a line for each test file and every failure, and counts the results.

/**
 * Counts of test points: leaves, not the subtests that contain them. A file that failed without a failed test point (it
 * crashed, was killed or could not be loaded), or that has no test, counts as one failure.
 *
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/**
 * @param {NodeJS.ReadableStream} input
 * @param {(line: string) => void} print
 * @returns {Promise<Counts>}
 */
export async function reportTap(input, print) {
  // a dynamic import: this file is loaded before packages are installed
  const { Parser } = await import('tap-parser')
  const total = { passed: 0, failed: 0, skipped: 0 }
  let file = newFile()
  const closeFile = () => {
    total.passed += file.passed
    total.failed += file.failed
    total.skipped += file.skipped
    for (const failure of file.failures) print(failure)
    file = newFile()
  }
  const parser = new Parser()
  parser.on('child', () => {
    closeFile()
  })
  parser.on('pass', (point) => {
    if (!point.closingTestPoint) file.passed++
  })
  for (const event of ['skip', 'todo']) {
    parser.on(event, (point) => {
      if (!point.closingTestPoint) file.skipped++
    })
  }
  parser.on('fail', (point) => {
    if (point.closingTestPoint) return
    file.failed++
    file.failures.push(describe(point))
  })
  // at this level: the end of a file or, rarely, a test point of the runner itself, which is a leaf
  parser.on('assert', (point) => {
    if (!point.closingTestPoint) return
    countWhole(file, point)
    print(summary(file, point))
    closeFile()
  })
  parser.on('bailout', (reason) => {
    file.failed++
    file.failures.push(indent(`✗ bailed out: ${reason || 'no reason given'}`))
  })
  await new Promise((resolve, reject) => {
    parser.on('complete', resolve)
    input.on('error', reject).pipe(parser)
  })
  closeFile()
  return total
}

const newFile = () => ({ passed: 0, failed: 0, skipped: 0, failures: /** @type {string[]} */ ([]) })

/**
 * Counts what shows only at the end of a file.
 *
 * @param {ReturnType<typeof newFile>} file
 * @param {any} point
 */
function countWhole(file, point) {
  const isEmpty = file.passed + file.failed + file.skipped === 0
  if (isEmpty && point.ok && point.skip && point.skip !== NO_TESTS) {
    file.skipped = 1
    return
  }
  if (file.failed > 0 || (point.ok && !isEmpty)) return
  file.failed = 1
  file.failures.push(indent(explainWhole(point)))
}

/** tap's reason for a file that ended without an error and without a test */
const NO_TESTS = 'no tests found'

/** @param {any} point */
function explainWhole({ name, ok, diag }) {
  const { exitCode, signal, expired } = diag ?? {}
  if (expired) return `✗ ${expired} timed out`
  if (signal) return `✗ ${name} was killed by ${signal}`
  if (exitCode) return `✗ ${name} ended with exit code ${exitCode}: see its output`
  return `✗ ${name} ${ok ? 'has no test' : 'did not complete its test plan'}`
}

/**
 * @param {ReturnType<typeof newFile>} file
 * @param {any} point
 */
function summary({ passed, failed, skipped }, { name, time }) {
  const counts = [`${passed} passed`, failed && `${failed} failed`, skipped && `${skipped} skipped`]
  const seconds = time === null || time === undefined ? '' : ` in ${(time / 1000).toFixed(1)} s`
  return `${failed ? 'FAIL' : ' ok '}  ${name}  ${counts.filter(Boolean).join(', ')}${seconds}`
}

/** @param {any} point */
function describe({ fullname, name, diag }) {
  const { at, diff, stack, message, found, wanted, compare, expired, source: _, ...rest } = diag ?? {}
  const lines = [`✗ ${fullname ?? name}`]
  if (at?.fileName) lines.push(`  at ${at.fileName}:${at.lineNumber}:${at.columnNumber}`)
  if (message) lines.push(indent(String(message), '  '))
  if (expired) lines.push(`  timed out (${expired})`)
  if (diff) lines.push(indent(diff, '  '))
  else if (wanted !== undefined || found !== undefined) {
    lines.push(
      indent(`wanted ${compare ?? ''} ${JSON.stringify(wanted)}\nfound ${JSON.stringify(found)}`, '  '),
    )
  }
  if (Object.keys(rest).length > 0) lines.push(indent(JSON.stringify(rest), '  '))
  if (stack) lines.push(indent(stack.replace(COMPILED_PLACE, ''), '  '))
  return indent(lines.join('\n'))
}

/** tap names a frame's place in the bundle before that in the source */
const COMPILED_PLACE = /(?<=^| )\(?\S*\.data\/compiled-tests\/\S+ (?=\()/gm

/**
 * @param {string} text
 * @param {string} [by]
 */
const indent = (text, by = '      ') => text.trimEnd().replace(/^/gm, by)
