import t from 'tap'
import { findImportedKinds } from '../../src/accounts/imported-hashes.js'
import { importCommand } from '../../src/commands/import-command.js'
import { testDatabase } from '../helpers/database.js'
import { createClient } from '../helpers/http-client.js'
import { startService } from '../helpers/service.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import { type Finished, runCommand } from './run-command.js'

// Moving in from Django: the accounts of a site's own table, with the hashes that Django wrote.

const database = await testDatabase(t, { demo: true })
const { db } = database
const { url } = await startService(t, { database, env: { RATE_LIMITS: 'off' } })

const PBKDF2 = 'pbkdf2_sha256$260000$abcdefghijkl$BAQbksZOPs1W4U5DBh9ee+GLgOdnqb1MeJroJolokX0='
const SCRYPT =
  'scrypt$16384$abcdefghijkl$8$1$HfJf2gLAO3T1J+s3Cm7zqOkC2X8VUuzAMrCtSE0Exw8GwxxXN9ztzRQELu+n+WvSfHXPhsI/uhXY4pJGvHpibA=='

const ARGON2 = 'argon2$argon2id$v=19$m=102400,t=2,p=8$YWJjZGVmZ2hpamts$20VyKJ2xf8grqthxaucV3g'

// auth_user as Django's migrations make it, in a schema of its own
await db.$executeRaw`CREATE SCHEMA site`
await db.$executeRaw`
  CREATE TABLE site.auth_user (id serial PRIMARY KEY, password varchar(128) NOT NULL, last_login timestamptz,
    is_superuser boolean NOT NULL, username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL DEFAULT '',
    last_name varchar(150) NOT NULL DEFAULT '', email varchar(254) NOT NULL DEFAULT '', is_staff boolean NOT NULL,
    is_active boolean NOT NULL, date_joined timestamptz NOT NULL DEFAULT now())`

type Flags = { superuser?: boolean; staff?: boolean; active?: boolean }
const addToSite = (
  username: string,
  password: string,
  { superuser, staff, active }: Flags = {},
) => db.$executeRaw`
  INSERT INTO site.auth_user (username, password, is_superuser, is_staff, is_active)
  VALUES (${username}, ${password}, ${superuser ?? false}, ${staff ?? false}, ${active ?? true})`

const run = (...more: string[]): Promise<Finished> =>
  runCommand(importCommand, ['django', '--from', database.url, '--table', 'site.auth_user', ...more], {
    databaseUrl: database.url,
  })

const login = (username: string, password = DEMO_PASSWORD) =>
  createClient(url).post('/api/auth/login', { username, password })
const stored = (username: string) => db.user.findFirst({ where: { username }, include: { theatres: true } })

await addToSite('boss', PBKDF2, { superuser: true, staff: true })
await addToSite('usher', SCRYPT, { staff: true })
await addToSite('Usher', PBKDF2)
await addToSite('guest', PBKDF2)
await addToSite('cook', SCRYPT)
// many salts are one kind
for (const letter of [...'abcdefghij'])
  await addToSite(`clerk-${letter}`, ARGON2.replace('YWJjZGVm', `YWJjZGV${letter}`))
await addToSite('gone', PBKDF2, { active: false })
await addToSite('sso', '!9JVeNk29Xzr0HUYwIcDbv7fqXLZmvJRHTiIYPg1j')
await addToSite('ancient', 'md5$abc$900150983cd24fb0d6963f7d28e17f72')
await addToSite('manager', PBKDF2)
await addToSite('two words', PBKDF2)

t.test('a dry run stores nothing and says what would be', async (t) => {
  const before = await db.user.count()
  const done = await run('--theatre', '1', '--dry-run')
  t.match(done, { code: 0, err: '' })
  t.match(done.out, /^Nothing was stored\. It would be: 15 added, 0 updated, 0 unchanged, 5 skipped\.$/m)
  t.equal(await db.user.count(), before)
})

t.test('accounts come with their flags; what can’t come is named, with the reason', async (t) => {
  const { code, out } = await run('--theatre', '1')
  t.equal(code, 0)
  for (const line of [
    'admin boss',
    'skipped manager: there is an account with this name, ignoring case',
    'skipped sso: it has no usable password',
    /^skipped ancient: its password is hashed by md5, which is not supported/m,
    /^skipped two words: .*letters, digits/m,
    /^skipped [Uu]sher: there is an account with this name, ignoring case/m,
    '15 added, 0 updated, 0 unchanged, 5 skipped.',
  ])
    t.match(out, line)
  t.match(await stored('boss'), { role: 'admin', isActive: true })
  t.match(await stored('gone'), { role: 'customer', isActive: false })
  t.equal(await db.user.count({ where: { username: { in: ['usher', 'Usher'] } } }), 1)
})

t.test('the kinds of what was imported are known', async (t) => {
  const kinds = await findImportedKinds(db)
  t.same([...kinds.keys()].sort(), ['argon2id 102400 2 8 22', 'pbkdf2 sha256', 'scrypt 16384 8 1'])
  t.equal(kinds.get('pbkdf2 sha256')?.rounds, 260_000)
})

t.test('a second run changes nothing but what Django has changed', async (t) => {
  t.match((await run('--theatre', '1')).out, /^0 added, 0 updated, 15 unchanged, 5 skipped\.$/m)
  await db.$executeRaw`UPDATE site.auth_user SET is_staff = true WHERE username = 'guest'`
  t.match((await run('--theatre', '1')).out, /^0 added, 1 updated, 14 unchanged, 5 skipped\.$/m)
  t.match(await stored('guest'), { role: 'staff', theatres: [{ theatreId: 1 }] })
})

t.test('Django’s password signs in, and its hash is replaced by ours; a wrong one does not', async (t) => {
  t.match(await login('boss', 'a wrong password'), { status: 401, body: { error: 'invalid_credentials' } })
  t.equal((await stored('boss'))?.passwordHash, PBKDF2, 'a wrong password changes nothing')
  t.match(await login('gone'), { status: 401 }, 'disabled in Django')
  const both = await Promise.all([login('boss'), login('boss')])
  t.same(
    both.map(({ status }) => status),
    [200, 200],
    'two tablets at once',
  )
  t.match((await stored('boss'))?.passwordHash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  t.equal((await login('boss')).status, 200, 'and it signs in again')
  const session = await login('guest')
  t.match(session, { status: 200, body: { user: { role: 'staff', theatres: [{ id: 1 }] } } })
})

t.test('who has signed in since belongs to this service: another run leaves the account alone', async (t) => {
  await db.$executeRaw`UPDATE site.auth_user SET is_superuser = false WHERE username = 'boss'`
  t.match((await run('--theatre', '1')).out, /^skipped boss: there is an account with this name/m)
  t.match(await stored('boss'), { role: 'admin' })
})

t.test('mistakes are one line, and name no password', async (t) => {
  const bad = async (args: string[], code: number, line: RegExp) => {
    const done = await runCommand(importCommand, args, { databaseUrl: database.url })
    t.match(done, { code, err: line }, args.join(' '))
    t.notMatch(done.err, /s3cret/)
  }
  await bad(['rails'], 2, /Unknown command/)
  await bad(['django'], 2, /--from/)
  await bad(['django', '--from', 'mysql://x'], 2, /--from/)
  await bad(['django', '--from', database.url, '--table', 'a;b'], 2, /--table/)
  await bad(
    ['django', '--from', database.url, '--table', 'site.none'],
    1,
    /relation "site.none" does not exist/,
  )
  await bad(['django', '--from', 'postgres://u:s3cret@127.0.0.1:1/x'], 1, /can't be read: .*ECONNREFUSED/)
  await bad(['django', '--from', database.url, '--theatre', '99'], 1, /There is no theatre 99/)
})
