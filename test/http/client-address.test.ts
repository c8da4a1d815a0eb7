import t from 'tap'
import { withoutPort } from '../../src/http/client-address.js'

t.test('an address is the same with a port and in brackets', async (t) => {
  const cases: [given: string, plain: string][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:5678', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:5678', '2001:db8::1'],
    ['[::ffff:192.0.2.1]:5678', '::ffff:192.0.2.1'],
    ['::1', '::1'],
  ]
  for (const [given, plain] of cases) t.equal(withoutPort(given), plain)
})

t.test('what is no address stays as it is', async (t) => {
  const others = [
    '',
    'unknown',
    '_hidden:80',
    '192.0.2.256:80',
    '[192.0.2.1]:80',
    '192.0.2.1:',
    '1:2',
    '[::1',
    '[]:1',
  ]
  for (const other of others) t.equal(withoutPort(other), other)
  t.equal(withoutPort(undefined), 'unknown', 'of a connection that was reset')
})
