import { Readable } from 'node:stream'
import t from 'tap'

type Report = (
  input: NodeJS.ReadableStream,
  print: (line: string) => void,
) => Promise<{ passed: number; failed: number; skipped: number }>

const { reportTap } = (await import(new URL('../../scripts/lib/tap-report.mjs', import.meta.url).href)) as {
  reportTap: Report
}

async function report(...events: [string, object][]) {
  const printed: string[] = []
  const input = Readable.from(events.map((event) => `${JSON.stringify(event)}\n`))
  return { counts: await reportTap(input, (line) => printed.push(line)), printed: printed.join('\n') }
}

const start = (name: string): [string, object] => ['start', { name, level: 1 }]
const end = (name: string, ok = true, diag = {}): [string, object] => [
  'end',
  { name, level: 1, ok, diag, time: 1500 },
]
const total: [string, object] = ['end', { name: 'TAP Tests', level: 0 }]

t.test('leaves are counted, not the subtests that hold them', async (t) => {
  const { counts, printed } = await report(
    start('a'),
    ['start', { name: 'sub', level: 2 }],
    ['pass', {}],
    ['pass', {}],
    ['skip', {}],
    ['end', { name: 'sub', level: 2, ok: true }],
    end('a'),
    start('b'),
    ['pass', {}],
    ['todo', {}],
    end('b'),
    total,
  )
  t.strictSame(counts, { passed: 3, failed: 0, skipped: 2 })
  t.equal(printed, ' ok   a  2 passed, 1 skipped in 1.5 s\n ok   b  1 passed, 1 skipped in 1.5 s')
})

t.test('a failure is shown with its place and its difference', async (t) => {
  const diag = { at: { fileName: 'a.ts', lineNumber: 7, columnNumber: 3 }, diff: '-1\n+2' }
  const { counts, printed } = await report(
    start('a'),
    ['fail', { fullname: 'a > one', diag }],
    end('a', false),
    total,
  )
  t.strictSame(counts, { passed: 0, failed: 1, skipped: 0 })
  t.match(printed, /FAIL {2}a {2}0 passed, 1 failed in 1.5 s\n.*✗ a > one\n.*at a.ts:7:3\n.*-1\n.*\+2/)
})

t.test('a file that crashed, was killed or holds no test is one that failed', async (t) => {
  const { counts, printed } = await report(
    start('crashed'),
    end('crashed', false, { exitCode: 1 }),
    start('killed'),
    ['pass', {}],
    end('killed', false, { signal: 'SIGKILL' }),
    start('empty'),
    end('empty'),
    total,
  )
  t.strictSame(counts, { passed: 1, failed: 3, skipped: 0 })
  t.match(printed, /crashed: ended with exit code 1/)
  t.match(printed, /killed: killed by SIGKILL/)
  t.match(printed, /empty: holds no test/)
})

t.test('a failure of the run itself counts, and a run that is cut off keeps its counts', async (t) => {
  t.match(await report(['fail', { name: 'timeout!' }], total), { counts: { failed: 1 }, printed: /timeout!/ })
  t.match(await report(start('a'), ['pass', {}], end('a'), start('b'), ['fail', {}]), {
    counts: { passed: 1, failed: 1 },
  })
  t.match((await report()).counts, { passed: 0, failed: 0 })
})
