import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import t from 'tap'
import { isAuthHash, readSessionData, readSignedIn } from '../../src/gate/session-data.js'

interface Vectors {
  django: string
  secretKey: string
  fallbackKey: string
  sessions: { what: string; data: string; decoded: Record<string, unknown> | null }[]
  user: { id: number; password: string; authHash: string; authHashOfFallback: string }
}

// written by Django itself: see make-vectors.py
const VECTORS = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as Vectors[]

t.test('what Django 3.2, 4.2 and 5.2 wrote is read as they read it', async (t) => {
  t.strictSame(
    VECTORS.map(({ django }) => django.split('.').slice(0, 2).join('.')),
    ['3.2', '4.2', '5.2'],
  )
  for (const { django, secretKey, fallbackKey, sessions } of VECTORS) {
    t.ok(sessions.length >= 8, `${django}: there are sessions`)
    for (const { what, data, decoded } of sessions)
      t.strictSame(
        readSessionData(data, [secretKey, fallbackKey]),
        decoded ?? 'foreign_signature',
        `${django}: ${what}`,
      )
  }
})

t.test('a fallback key counts only while it is one', async (t) => {
  for (const { django, secretKey, sessions, user } of VECTORS) {
    const old = sessions.find(({ what }) => what.startsWith('signed with the fallback key'))
    t.ok(old, django)
    t.equal(readSessionData(old?.data ?? '', [secretKey]), 'foreign_signature', django)
    t.notOk(isAuthHash(user.authHashOfFallback, user.password, [secretKey]), django)
  }
})

t.test('who is signed in: the id is a text, and the hash is of the password', async (t) => {
  for (const { django, secretKey, fallbackKey, sessions, user } of VECTORS) {
    const secrets = [secretKey, fallbackKey]
    const of = (start: string) =>
      readSignedIn(sessions.find(({ what }) => what.startsWith(start))?.data ?? '', secrets)
    t.strictSame(of('signed in'), { userId: '7', authHash: user.authHash }, django)
    t.equal(of('anonymous'), null, `${django}: anonymous`)
    t.equal(of('empty'), null, `${django}: empty`)
    t.ok(isAuthHash(user.authHash, user.password, secrets), `${django}: the password’s hash`)
    t.ok(isAuthHash(user.authHashOfFallback, user.password, secrets), `${django}: under the fallback key`)
    t.notOk(isAuthHash(of('hash of another password')?.authHash ?? '', user.password, secrets), django)
    t.notOk(isAuthHash(user.authHash, `${user.password}x`, secrets), `${django}: another password`)
  }
})

const SECRET = 'a secret of these tests'

/** Signs as Django does, whatever is signed. */
function sign(value: string, salt = 'django.contrib.sessions.SessionStore'): string {
  const key = createHash('sha256').update(`${salt}signer${SECRET}`).digest()
  return `${value}:${createHmac('sha256', key).update(value).digest('base64url')}`
}

const encoded = (text: string | Buffer) => Buffer.from(text).toString('base64url')

t.test('nothing but the site’s own JSON is a session', async (t) => {
  const good = sign(`${encoded('{"a":1}')}:1xXTbS`)
  t.strictSame(readSessionData(good, [SECRET]), { a: 1 }, 'the tests sign as Django does')
  const foreign: Record<string, string> = {
    'an empty text': '',
    'no signature': `${encoded('{"a":1}')}:1xXTbS`,
    'another salt': sign(`${encoded('{"a":1}')}:1xXTbS`, 'django.core.signing'),
    'a changed character': good.replace('1xXTbS', '1xXTbT'),
    'a shortened signature': good.slice(0, -1),
  }
  const notJson: Record<string, string> = {
    'a pickle': sign(`${encoded(Buffer.from([0x80, 4, 0x7d]))}:1xXTbS`),
    'a list': sign(`${encoded('[1]')}:1xXTbS`),
    'a text': sign(`${encoded('"x"')}:1xXTbS`),
    'said to be compressed and is not': sign(`.${encoded('{"a":1}')}:1xXTbS`),
    'compressed 8 MiB': sign(
      `.${encoded(deflateSync(Buffer.from(`{"a":"${'x'.repeat(8 << 20)}"}`)))}:1xXTbS`,
    ),
  }
  for (const [what, text] of Object.entries(foreign))
    t.equal(readSessionData(text, [SECRET]), 'foreign_signature', what)
  for (const [what, text] of Object.entries(notJson))
    t.equal(readSessionData(text, [SECRET]), 'not_json', what)
})

t.test('no id that is no text, and no prototype’s', async (t) => {
  const signedIn = (json: string) => readSignedIn(sign(`${encoded(json)}:1xXTbS`), [SECRET])
  t.equal(signedIn('{"_auth_user_id":7,"_auth_user_hash":"x"}'), null)
  t.equal(signedIn('{"_auth_user_id":"","_auth_user_hash":"x"}'), null)
  t.equal(signedIn('{"__proto__":{"_auth_user_id":"7","_auth_user_hash":"x"}}'), null)
})
