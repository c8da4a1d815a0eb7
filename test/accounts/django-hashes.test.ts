import t from 'tap'
import { type DjangoHash, isDjangoHash, readDjangoHash } from '../../src/accounts/django-hashes.js'
import { equalizeWork } from '../../src/accounts/imported-hashes.js'
import { hashPassword, verifyPassword } from '../../src/accounts/passwords.js'

// What django.contrib.auth.hashers of 3.2, 4.2 and 5.2 wrote, argon2 with argon2-cffi.

const HINDI = 'पासवर्ड ✓'
const DEMO = 'houselights-demo'
const HASHES: readonly (readonly [password: string, hash: string])[] = [
  [DEMO, 'pbkdf2_sha256$260000$abcdefghijkl$BAQbksZOPs1W4U5DBh9ee+GLgOdnqb1MeJroJolokX0='],
  [HINDI, 'pbkdf2_sha256$600000$mnopqrstuvwx$5aZb1Xqr29IdcxddQ+FucmfAtN4sLxOkVTc/DcHQooM='],
  [DEMO, 'pbkdf2_sha256$1000000$abcdefghijkl$uY+m843BNnq01ZMKu3n2qaYmp4gItckSEEGZUMkP5gw='],
  [DEMO, 'argon2$argon2id$v=19$m=102400,t=2,p=8$YWJjZGVmZ2hpamts$20VyKJ2xf8grqthxaucV3g'],
  [DEMO, 'pbkdf2_sha1$260000$abcdefghijkl$U7jRWNvu0dDe4W9bzsb+LpKjAhY='],
  [
    DEMO,
    'scrypt$16384$abcdefghijkl$8$1$HfJf2gLAO3T1J+s3Cm7zqOkC2X8VUuzAMrCtSE0Exw8GwxxXN9ztzRQELu+n+WvSfHXPhsI/uhXY4pJGvHpibA==',
  ],
  [
    DEMO,
    'scrypt$16384$abcdefghijkl$8$5$HFy9gVgO2CS8DXnwGVJL1BuBFegp0m66ssWIjpwSVzn3HPl692v2Rx0lZ0AgquX44wczpZUwT1b7qq5dX2+lfw==',
  ],
]

t.test('the right password is right, all others are wrong', async (t) => {
  for (const [password, hash] of HASHES) {
    t.ok(isDjangoHash(hash))
    t.equal(await verifyPassword(hash, password), true, hash)
    t.equal(await verifyPassword(hash, `${password} `), false, `wrong: ${hash}`)
    t.equal(await verifyPassword(hash, ''), false, `empty: ${hash}`)
  }
  t.notOk(isDjangoHash(await hashPassword(DEMO)))
})

t.test('what can’t be checked, or would cost too much, is no hash', async (t) => {
  const salt = 'abcdefghijkl'
  const sha256 = 'BAQbksZOPs1W4U5DBh9ee+GLgOdnqb1MeJroJolokX0='
  const scrypt = HASHES.at(-1)?.[1].split('$').at(-1)
  for (const stored of [
    '',
    '!9JVeNk29Xzr0HUYwIcDbv7fqXLZmvJRHTiIYPg1j',
    'md5$abc$900150983cd24fb0d6963f7d28e17f72',
    'bcrypt_sha256$$2b$12$abcdefghijklmnopqrstuv',
    `pbkdf2_sha256$0$${salt}$${sha256}`,
    `pbkdf2_sha256$-1$${salt}$${sha256}`,
    `pbkdf2_sha256$1e5$${salt}$${sha256}`,
    `pbkdf2_sha256$99999999$${salt}$${sha256}`,
    `pbkdf2_sha256$1000$$${sha256}`,
    `pbkdf2_sha256$1000$${salt}$AAAA`,
    `pbkdf2_sha256$1000$${salt}$${sha256}$more`,
    `scrypt$16383$${salt}$8$1$${scrypt}`,
    `scrypt$1048576$${salt}$8$1$${scrypt}`,
    `scrypt$65536$${salt}$8$64$${scrypt}`,
    'argon2$argon2id$v=19$m=9999999,t=2,p=1$TC6NHUi71zRWkBZqKWo8/w$B3c5/rcLe/Z8s/1Hre9wrJ2uTvEh4L23yoJJdflh6Rg',
  ]) {
    t.equal(readDjangoHash(stored), null, stored)
    t.equal(await verifyPassword(stored, DEMO), false, `a sign-in fails: ${stored}`)
  }
})

t.test('every failed check takes the same work, whatever the account has', async (t) => {
  const spent = new Map<string, number>()
  const example = (kind: string, rounds: number): [string, DjangoHash] => [
    kind,
    {
      kind,
      rounds,
      verify: async () => false,
      spend: async (_password, count) => void spent.set(kind, (spent.get(kind) ?? 0) + count),
    },
  ]
  const kinds = new Map([example('pbkdf2 sha256', 600_000), example('pbkdf2 sha1', 180_000)])
  const work = async (tried: { kind: string; rounds: number } | null) => {
    spent.clear()
    await equalizeWork(kinds, tried ? { ...example(tried.kind, tried.rounds)[1] } : null, 'wrong')
    if (tried) spent.set(tried.kind, (spent.get(tried.kind) ?? 0) + tried.rounds)
    return Object.fromEntries(spent)
  }
  const all = { 'pbkdf2 sha256': 600_000, 'pbkdf2 sha1': 180_000 }
  t.same(await work(null), all, 'no account, or a hash of ours')
  t.same(await work({ kind: 'pbkdf2 sha256', rounds: 600_000 }), all)
  t.same(await work({ kind: 'pbkdf2 sha256', rounds: 260_000 }), all, 'an older hash')
  t.same(await work({ kind: 'pbkdf2 sha1', rounds: 180_000 }), all)
})
