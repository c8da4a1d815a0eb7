import { Signer } from '@fastify/cookie'
import t from 'tap'
import { readSignedCookie } from '../../src/http/signed-cookie.js'

const OLD = 'an-older-secret-of-thirty-two-characters'
const NEW = 'a-newer-secret-of-thirty-two-characters!'
const signer = new Signer([NEW, OLD])
const read = (header: string | undefined) => readSignedCookie(header, 'sid', (value) => signer.unsign(value))
const signed = signer.sign('token')

t.test('reads a cookie signed with the current or an older secret', async (t) => {
  t.match(read(`sid=${signed}`), { kind: 'token', token: 'token', signed })
  t.match(read(`a=b; sid=${encodeURIComponent(signed)};c=d`), { kind: 'token', token: 'token', signed })
  t.match(read(`sid=${new Signer(OLD).sign('token')}`), { kind: 'token', token: 'token' })
})

t.test('two cookies of the same name count as none', async (t) => {
  t.same(read(`sid=${signed}; sid=${signed}`), { kind: 'none' })
  t.same(read(`sid=x; sid=${signed}`), { kind: 'none' })
  t.same(read(`sid =x;sid=${signed}`), { kind: 'none' }, 'spaces don’t change the name')
})

t.test('only spaces and tabs surround a name and a value', async (t) => {
  t.match(read(`\t sid \t=\t ${signed} \t`), { kind: 'token', token: 'token' })
  // as Node decodes heads: a byte a character
  for (const blank of ['\u00a0', '\u000b', '\u000c', '\u0085', '\ufeff', '\u2003']) {
    t.same(read(`${blank}sid=${signed}`), { kind: 'none' }, 'before the name')
    t.same(read(`sid${blank}=${signed}`), { kind: 'none' }, 'behind the name')
    t.same(read(`sid=${blank}${signed}`), { kind: 'invalid' }, 'before the value')
    t.match(read(`${blank}sid=x; sid=${signed}`), { kind: 'token', token: 'token' }, 'another cookie')
  }
})

t.test('a cookie that is missing, has another name, or has a wrong signature', async (t) => {
  t.same(read(undefined), { kind: 'none' })
  t.same(read(''), { kind: 'none' })
  t.same(read('sid'), { kind: 'none' })
  t.same(read(`SID=${signed}; xsid=${signed}`), { kind: 'none' })
  for (const value of [
    '',
    'token',
    'token.',
    '.',
    '%',
    '%zz',
    `"${signed}"`,
    `${signed}x`,
    `x${signed}`,
    'y'.repeat(600),
  ]) {
    t.same(read(`sid=${value}`), { kind: 'invalid' }, value.slice(0, 20))
  }
  t.same(read(`sid=${new Signer('a-secret-of-another-service-entirely').sign('token')}`), { kind: 'invalid' })
  t.same(read(`sid=${signer.sign('')}`), { kind: 'invalid' }, 'an empty token')
})
