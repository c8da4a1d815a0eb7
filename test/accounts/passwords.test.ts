import { readFileSync } from 'node:fs'
import t from 'tap'
import { isCommonPassword } from '../../src/accounts/common-passwords.js'
import {
  checkNewPassword,
  DUMMY_HASH,
  HASH_QUEUE,
  hashPassword,
  MAX_PASSWORD,
  verifyPassword,
} from '../../src/accounts/passwords.js'
import { FairQueue } from '../../src/concurrency/fair-queue.js'

const refusal = (rule: RegExp) => ({ status: 400, code: 'validation_failed', message: rule })

t.test('a new password has 8 to 128 characters, counted as code points after normalization', async (t) => {
  t.throws(() => checkNewPassword('seven-7', 'password'), refusal(/8 to 128/))
  t.throws(() => checkNewPassword('é'.repeat(7), 'password'), refusal(/8 to 128/))
  // seven letters written with combining accents are 14 code points before they are normalized
  t.throws(() => checkNewPassword('e\u0301'.repeat(7), 'password'), refusal(/8 to 128/))
  t.throws(() => checkNewPassword('x'.repeat(MAX_PASSWORD + 1), 'password'), refusal(/8 to 128/))
  // one character that normalizes to eighteen
  t.throws(() => checkNewPassword('\ufdfa'.repeat(8), 'password'), refusal(/8 to 128/))
  t.throws(() => checkNewPassword('a lone \ud83d surrogate', 'password'), refusal(/invalid character/))
  t.doesNotThrow(() => checkNewPassword('eight-88', 'password'))
  t.doesNotThrow(() => checkNewPassword('🎬'.repeat(8), 'password'))
  t.doesNotThrow(() => checkNewPassword('x'.repeat(MAX_PASSWORD), 'password'))
})

t.test('the most common passwords are refused in any case; the demo password is allowed', async (t) => {
  for (const common of [
    'password',
    'PassWord',
    '12345678',
    'qwertyuiop',
    'iloveyou',
    'trustno1',
    'ｐａｓｓｗｏｒｄ',
  ]) {
    t.throws(() => checkNewPassword(common, 'newPassword'), refusal(/most common/), common)
  }
  t.doesNotThrow(() => checkNewPassword('houselights-demo', 'password'))
})

t.test('the list has 10,000 passwords', async (t) => {
  const list = readFileSync(new URL('../../src/accounts/common-passwords.txt', import.meta.url), 'utf8')
  const passwords = list.slice(list.indexOf('\n\n')).trim().split('\n')
  t.equal(new Set(passwords).size, 10_000)
  t.ok(passwords.every((password) => isCommonPassword(password.toUpperCase())))
  t.notOk(isCommonPassword(''))
  t.notOk(isCommonPassword('Its license (MIT):'))
})

t.test('no error message contains the password', async (t) => {
  for (const password of ['password', 'tiny-77', 'z'.repeat(200)]) {
    try {
      checkNewPassword(password, 'field')
      t.fail('the password was not refused')
    } catch (error) {
      t.notMatch(String(error).replaceAll('passwords', ''), password)
    }
  }
})

t.test('hashes with argon2id, without truncation', async (t) => {
  const long = 'x'.repeat(MAX_PASSWORD)
  const hash = await hashPassword(long)
  t.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.ok(await verifyPassword(hash, long))
  t.notOk(await verifyPassword(hash, long.slice(0, -1)))
  t.notOk(await verifyPassword(hash, `${long}x`))
  t.not(await hashPassword(long), hash, 'each hash has its own salt')
})

t.test('Unicode forms of the same password are equal', async (t) => {
  const hash = await hashPassword('caf\u00e9-au-lait')
  t.ok(await verifyPassword(hash, 'cafe\u0301-au-lait'))
})

t.test('without a hash, verification fails after the same work', async (t) => {
  const shape = (hash: string) => [hash.split('$').slice(0, 4), hash.length]
  t.same(
    shape(DUMMY_HASH),
    shape(await hashPassword('whatever-it-is')),
    'the dummy hash costs as much as a real one',
  )
  t.notOk(await verifyPassword(null, 'whatever-it-is'))
})

t.test('two hundred concurrent sign-ins, as a shift starts, succeed; a flood is refused', async (t) => {
  // one of its own: the wrong guesses of other tests in this process are an attack
  const queue = new FairQueue(HASH_QUEUE)
  const priority = { urgent: false, keys: [] }
  const check = () => queue.run(priority, () => verifyPassword(null, 'right for all that matters'))
  const outcomes = await Promise.allSettled(Array.from({ length: 320 }, check))
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  t.ok(outcomes.length - refused.length >= 200)
  t.ok(refused.length >= 40, 'the queue is bounded')
  for (const { reason } of refused) t.match(reason, { status: 503, retryAfter: 1 })
  t.equal(await check(), false, 'the queue accepts work again afterwards')
})
