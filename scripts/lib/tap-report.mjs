// @ts-check
// Reads what tap's `jsonstream` reporter says, prints one line per test file and every failure, and counts.
import { createInterface } from 'node:readline'

/**
 * Test points: leaves, not the subtests that hold them. A file that failed without a failed point of its own (it
 * crashed, was killed or could not be loaded), or that holds no test, counts as one that failed.
 *
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/**
 * @param {NodeJS.ReadableStream} input
 * @param {(line: string) => void} print
 * @returns {Promise<Counts>}
 */
export async function reportTap(input, print) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  let file = newFile()
  for await (const line of createInterface({ input })) {
    const [event, data] = parse(line)
    if (event === 'start' && data.level === 1) file = newFile()
    if (event === 'pass') file.passed++
    if (event === 'skip' || event === 'todo') file.skipped++
    if (event === 'fail') {
      file.failed++
      file.failures.push(describe(data))
    }
    if (event !== 'end' || data.level > 1) continue
    // level 0 ends the run: what came after the last file belongs to no file
    if (data.level === 1) closeFile(file, data, print)
    else for (const failure of file.failures) print(failure)
    total.passed += file.passed
    total.failed += file.failed
    total.skipped += file.skipped
    file = newFile()
  }
  total.failed += file.failed
  return total
}

const newFile = () => ({ passed: 0, failed: 0, skipped: 0, failures: /** @type {string[]} */ ([]) })

/**
 * @param {ReturnType<typeof newFile>} file
 * @param {any} data
 * @param {(line: string) => void} print
 */
function closeFile(file, data, print) {
  const isEmpty = file.passed + file.failed + file.skipped === 0
  if (file.failed === 0 && (!data.ok || (isEmpty && !data.skip))) {
    file.failed = 1
    file.failures.push(whyWhole(data, isEmpty))
  }
  const seconds = ((data.time ?? 0) / 1000).toFixed(1)
  const counts = [
    `${file.passed} passed`,
    file.failed && `${file.failed} failed`,
    file.skipped && `${file.skipped} skipped`,
  ]
  print(
    `${file.failed ? 'FAIL' : ' ok '}  ${data.name}  ${counts.filter(Boolean).join(', ')} in ${seconds} s`,
  )
  for (const failure of file.failures) print(failure)
}

/**
 * @param {any} data
 * @param {boolean} isEmpty
 */
function whyWhole(data, isEmpty) {
  const { exitCode, signal } = data.diag ?? {}
  if (signal) return `      ${data.name}: killed by ${signal}`
  if (exitCode) return `      ${data.name}: ended with exit code ${exitCode}; what it printed stands above`
  return `      ${data.name}: ${isEmpty ? 'holds no test' : 'did not end as a test must'}`
}

/** @param {any} data */
function describe({ fullname, name, diag = {} }) {
  const { at, diff, stack, message, found, wanted, compare, expired, ...rest } = diag
  delete rest.source
  const lines = [`✗ ${fullname ?? name}`]
  if (at?.fileName) lines.push(`  at ${at.fileName}:${at.lineNumber}:${at.columnNumber}`)
  if (message) lines.push(`  ${message}`)
  if (expired) lines.push(`  took too long (${expired})`)
  if (diff) lines.push(indent(diff))
  else if (wanted !== undefined || found !== undefined) {
    lines.push(indent(`wanted ${compare ?? ''} ${JSON.stringify(wanted)}\nfound ${JSON.stringify(found)}`))
  }
  if (Object.keys(rest).length > 0) lines.push(indent(JSON.stringify(rest)))
  if (stack) lines.push(indent(stack))
  return lines.map((line) => indent(line, '      ')).join('\n')
}

/**
 * @param {string} text
 * @param {string} [by]
 */
const indent = (text, by = '  ') => text.trimEnd().replace(/^/gm, by)

/**
 * @param {string} line
 * @returns {[string, any]}
 */
function parse(line) {
  try {
    const parsed = JSON.parse(line)
    return Array.isArray(parsed) ? [parsed[0], parsed[1] ?? {}] : ['', {}]
  } catch {
    return ['', {}]
  }
}
