import { Readable } from 'node:stream'
import t from 'tap'

type Report = (
  input: NodeJS.ReadableStream,
  print: (line: string) => void,
) => Promise<{ passed: number; failed: number; skipped: number }>

const { reportTap } = (await import(new URL('../../scripts/lib/tap-report.mjs', import.meta.url).href)) as {
  reportTap: Report
}

async function report(...lines: string[]) {
  const printed: string[] = []
  const input = Readable.from(['TAP version 14\n', ...lines.map((line) => `${line}\n`)])
  return { counts: await reportTap(input, (line) => printed.push(line)), printed: printed.join('\n') }
}

/** A test file in the runner's output: its test points, then the result of the file. */
const file = (name: string, points: string[], end = `ok 1 - ${name} # time=1500ms`): string[] => [
  `# Subtest: ${name}`,
  ...points.map((point) => `    ${point}`),
  `    1..${points.filter((point) => /^(not )?ok/.test(point)).length}`,
  end,
]

t.test('leaves are counted, not the subtests that contain them', async (t) => {
  const subtest = [
    '# Subtest: sub',
    '    ok 1 - x',
    '    ok 2 - y',
    '    ok 3 - z # SKIP',
    '    1..3',
    'ok 1 - sub',
  ]
  const { counts, printed } = await report(
    '1..2',
    ...file('a', subtest),
    ...file('b', ['ok 1 - x', 'not ok 2 - y # TODO'], 'ok 2 - b # time=20ms'),
  )
  t.strictSame(counts, { passed: 3, failed: 0, skipped: 2 })
  t.equal(printed, ' ok   a  2 passed, 1 skipped in 1.5 s\n ok   b  1 passed, 1 skipped in 0.0 s')
})

t.test('a failure is printed with its location and diff', async (t) => {
  const diag = [
    '  ---',
    '  at:',
    '    fileName: a.ts',
    '    lineNumber: 7',
    '    columnNumber: 3',
    '  diff: |',
    '    -1',
    '    +2',
    '  ...',
  ]
  const { counts, printed } = await report(
    '1..1',
    ...file('a', ['not ok 1 - one', ...diag], 'not ok 1 - a # time=7ms'),
  )
  t.strictSame(counts, { passed: 0, failed: 1, skipped: 0 })
  t.match(printed, /^FAIL {2}a {2}0 passed, 1 failed in 0.0 s\n +✗ a > one\n +at a.ts:7:3\n +-1\n +\+2$/)
})

t.test('a file that crashed, was killed or has no test counts as one failure', async (t) => {
  const { counts, printed } = await report(
    '1..4',
    ...file('crashed', [], 'not ok 1 - crashed\n  ---\n  exitCode: 1\n  signal: null\n  ...'),
    ...file('killed', ['ok 1 - x'], 'not ok 2 - killed\n  ---\n  exitCode: null\n  signal: SIGKILL\n  ...'),
    ...file('empty', [], 'ok 3 - empty # SKIP no tests found'),
    ...file('elsewhere', [], 'ok 4 - elsewhere # SKIP only on Tuesdays'),
  )
  t.strictSame(counts, { passed: 1, failed: 3, skipped: 1 })
  t.match(printed, /crashed ended with exit code 1/)
  t.match(printed, /killed was killed by SIGKILL/)
  t.match(printed, /empty has no test/)
})

t.test('a failure of the run itself counts', async (t) => {
  const late = await report(
    '1..2',
    ...file('a', ['ok 1 - x']),
    'not ok 2 - timeout!\n  ---\n  expired: a\n  ...',
  )
  t.match(late, { counts: { passed: 1, failed: 1 }, printed: /timeout!\n +timed out \(a\)/ })
  const stopped = await report(
    '1..2',
    '# Subtest: a',
    '    ok 1 - x',
    '    Bail out! no database',
    'Bail out! no database',
  )
  t.match(stopped, { counts: { passed: 1, failed: 1 }, printed: /bailed out: no database/ })
})

t.test('an interrupted run keeps its counts', async (t) => {
  const { counts } = await report(...file('a', ['ok 1 - x']), '# Subtest: b', '    not ok 1 - y')
  t.strictSame(counts, { passed: 1, failed: 1, skipped: 0 })
  t.strictSame((await report()).counts, { passed: 0, failed: 0, skipped: 0 })
})
