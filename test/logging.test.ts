import t from 'tap'
import { LogThrottle, LogThrottles, printable, printableOrigin, pseudonym } from '../src/logging.js'

t.test('kinds of events are throttled apart, and those beyond a number together', async (t) => {
  const throttles = new LogThrottles(1000)
  t.equal(throttles.record('a', 0), 0)
  t.equal(throttles.record('b', 1), 0)
  t.equal(throttles.record('a', 2), null)
  t.equal(throttles.record('a', 1000), 1)
  for (let i = 0; i < 198; i++) throttles.record(`kind ${i}`, 0)
  t.equal(throttles.record('one more', 0), 0)
  t.equal(throttles.record('and another', 1), null)
})

t.test('a client’s text is logged as one short, printable line', async (t) => {
  t.equal(printable('a\r\n\x1b[31m\u009bé'), 'a???[31m??')
  t.equal(printable('x'.repeat(1000))?.length, 200)
  t.equal(printable(undefined), undefined)
  t.match(pseudonym('id'), /^[0-9a-f]{16}$/)
})

t.test('of an Origin only scheme, host and port are logged', async (t) => {
  for (const origin of [undefined, '', 'null', 'https://a.example:8443']) {
    t.equal(printableOrigin(origin), origin)
  }
  t.equal(printableOrigin('https://a.example/path?key=secret'), 'https://a.example')
  for (const origin of ['https://user:secret@a.example', 'secret']) {
    t.equal(printableOrigin(origin), 'malformed')
  }
})

t.test('a frequent event is logged once per interval, with the number suppressed', async (t) => {
  const throttle = new LogThrottle(1000)
  const recorded = [5, 6, 1004.9, 1005, 1006, 9000, 20_000].map((now) => throttle.record(now))
  t.same(recorded, [0, null, null, 2, null, 1, 0])
})
