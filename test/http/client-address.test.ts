import t from 'tap'
import { addressKey, withoutPort } from '../../src/http/client-address.js'

t.test('port and brackets are removed', async (t) => {
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

t.test('other text is returned unchanged', async (t) => {
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
  t.equal(withoutPort(undefined), 'unknown', 'after a reset')
})

t.test('an IPv6 client is counted by its /64 network', async (t) => {
  t.equal(addressKey('192.0.2.1'), '192.0.2.1')
  t.equal(addressKey('::ffff:192.0.2.1'), '192.0.2.1')
  t.equal(addressKey('2001:db8:0:1::5'), '2001:db8:0:1::/64')
  t.equal(addressKey('2001:DB8:0:1:ffff:1:2:3'), '2001:db8:0:1::/64')
  t.equal(addressKey('2001:0db8::1'), '2001:db8::/64')
  t.equal(addressKey('fe80::1%eth0'), 'fe80::/64')
  t.equal(addressKey('::1'), '::/64')
  t.equal(addressKey('::ffff:c000:201'), '192.0.2.1', 'mapped, in hexadecimal')
  for (const other of ['unknown', '', '1', '010.0.0.1', '0x7f.1']) t.equal(addressKey(other), other)
  t.equal(addressKey(undefined), 'unknown')
  // as some proxies write it
  t.equal(addressKey('192.0.2.1:5678'), '192.0.2.1')
  t.equal(addressKey('[2001:db8:0:1::5]:5678'), '2001:db8:0:1::/64')
})
