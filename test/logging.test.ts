import t from 'tap'
import { hashed, Seldom, shown } from '../src/logging.js'

t.test('a client’s text in a log is one short line of what can be seen', async (t) => {
  t.equal(shown('a\r\n\x1b[31m\u009bé'), 'a???[31m??')
  t.equal(shown('x'.repeat(1000))?.length, 200)
  t.equal(shown(undefined), undefined)
  t.match(hashed('id'), /^[0-9a-f]{16}$/)
})

t.test('what happens in floods is told once in a while, with the number that went untold', async (t) => {
  const seldom = new Seldom(1000)
  const told = [5, 6, 1004.9, 1005, 1006, 9000, 20_000].map((now) => seldom.happened(now))
  t.same(told, [0, null, null, 2, null, 1, 0])
})
