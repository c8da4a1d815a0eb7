import t from 'tap'
import { isAllowedHost, readHost } from '../../src/http/hosts.js'
import { isAllowedOrigin, readOrigin } from '../../src/http/origins.js'

t.test('an Origin is accepted only in the form that browsers send', async (t) => {
  t.same(readOrigin('https://a.example'), { scheme: 'https', hostname: 'a.example', port: null })
  t.same(readOrigin('http://[::1]:3000'), { scheme: 'http', hostname: '[::1]', port: '3000' })
  const odd = ['', 'null', 'a.example', '//a.example', 'ftp://a.example', 'https://', 'https://a.example/']
  const more = ['https://A.example', 'HTTPS://a.example', 'https://a.example:443', 'http://a.example:80']
  const rest = ['https://a.example.', 'https://u@a.example', 'https://a.example?x', 'https://a.example#x']
  const ports = [
    'https://a.example:',
    'https://a.example:0',
    'https://a.example:080',
    'https://a.example:65536',
  ]
  const chars = [
    'https://a.example\n',
    ' https://a.example',
    'https://a_b.example:8 ',
    'https://ａ.example',
    'https://*.example',
  ]
  for (const text of [...odd, ...more, ...rest, ...ports, ...chars]) t.equal(readOrigin(text), null, text)
})

t.test('a Host is parsed and allowed by Django’s rules', async (t) => {
  t.same(readHost('A.Example:8080'), { hostname: 'a.example', port: '8080' })
  t.same(readHost('a.example.'), { hostname: 'a.example', port: null })
  t.same(readHost('[::1]:3000'), { hostname: '[::1]', port: '3000' })
  for (const text of [
    undefined,
    '',
    'a b',
    'a/b',
    'u@a',
    'a:0',
    'a:65536',
    'a:x',
    'a..:1:2',
    '[::1',
    '.',
    '-a',
  ]) {
    t.equal(readHost(text), null, String(text))
  }
  const allowed = ['a.example', '.b.example']
  const yes = ['a.example', 'b.example', 'x.b.example', 'x.y.b.example']
  const no = ['x.a.example', 'xb.example', 'b.example.evil', 'example', '']
  for (const host of yes) t.ok(isAllowedHost(host, allowed), host)
  for (const host of no) t.notOk(isAllowedHost(host, allowed), host)
  t.ok(isAllowedHost('any', ['*']))
})

t.test('which origins may open a socket', async (t) => {
  const rule = {
    allowedHosts: ['a.example'],
    allowedOrigins: ['https://pages.example:8443'],
    requireHttps: false,
  }
  const host = { hostname: 'a.example', port: null }
  t.ok(isAllowedOrigin(['http://a.example'], host, rule))
  t.ok(isAllowedOrigin(['https://a.example'], { ...host, port: '443' }, rule), 'a default port in Host')
  t.notOk(isAllowedOrigin(['http://a.example'], { ...host, port: '443' }, rule))
  t.ok(isAllowedOrigin(['https://pages.example:8443'], host, { ...rule, requireHttps: true }))
  t.notOk(isAllowedOrigin(['http://a.example'], host, { ...rule, requireHttps: true }))
  const refused = [
    [],
    ['', 'http://a.example'],
    ['http://a.example', 'http://a.example'],
    ['http://b.a.example'],
    ['null'],
  ]
  for (const values of refused) t.notOk(isAllowedOrigin(values, host, rule), values.join('|'))
  t.ok(isAllowedOrigin([], host, { ...rule, allowedHosts: ['*'] }))
})
