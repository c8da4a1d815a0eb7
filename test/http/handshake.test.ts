import t from 'tap'
import { hashed, shown } from '../../src/http/log-text.js'
import { countHeader, originFormPath, readId } from '../../src/http/request-target.js'

t.test('an id has one spelling', async (t) => {
  t.equal(readId('1'), 1)
  t.equal(readId('2147483647'), 2_147_483_647)
  const odd = [
    '',
    '0',
    '01',
    '1e3',
    '0x10',
    '%31',
    '+1',
    '-1',
    '1.5',
    '2147483648',
    '99999999999',
    ' 1',
    '1\n',
    '１',
  ]
  for (const text of [...odd, '__proto__']) t.equal(readId(text), null, text)
})

t.test('the path of a target, and headers as they were sent', async (t) => {
  t.equal(originFormPath('/a/b?c#d'), '/a/b')
  for (const target of [undefined, '', '*', 'http://a/b', 'a']) t.equal(originFormPath(target), null)
  t.equal(countHeader(['Host', 'a', 'X', 'host', 'hOST', 'b'], 'host'), 2)
})

t.test('a client’s text in a log is one short line of what can be seen', async (t) => {
  t.equal(shown('a\r\n\x1b[31m\u009bé'), 'a???[31m??')
  t.equal(shown('x'.repeat(1000))?.length, 200)
  t.equal(shown(undefined), undefined)
  t.match(hashed('id'), /^[0-9a-f]{16}$/)
})
