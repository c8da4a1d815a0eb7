import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { theatreCommand } from '../../src/commands/theatre-command.js'
import { testDatabase } from '../helpers/database.js'
import { runCommand, spawnCommand } from './run-command.js'

const { db, url } = await testDatabase(t)
const folder = mkdtempSync(join(tmpdir(), 'houselights-theatre-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'theatre.json')

const file = {
  name: 'Palace',
  timeZone: 'Asia/Kolkata',
  max_time: 30,
  min_time: 10,
  halls: [{ name: 'Screen 1', seats: ['A1', { name: 'A2', token: 'palace-a2' }] }],
  menu: [{ name: 'Tea', price: 5000 }],
}

function apply(content: object | string, ...more: string[]) {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return runCommand(theatreCommand, ['apply', path, ...more], { databaseUrl: url })
}

t.test('creates the theatre and prints the seats’ links; the same file again changes nothing', async (t) => {
  const created = await apply(file, '--url', 'https://orders.example.com/')
  t.match(created, { code: 0, err: '' })
  const [head, first, second] = created.out.trim().split('\n')
  t.equal(head, 'Theatre 1 "Palace": 5 changes.')
  t.match(first, /^Screen 1 {2}A1 {2}https:\/\/orders\.example\.com\/s\/[\w-]{22}$/)
  t.equal(second, 'Screen 1  A2  https://orders.example.com/s/palace-a2')
  const again = await apply(file)
  t.match(again, { code: 0, out: /^Theatre 1 "Palace": no changes\.\n/ })
  t.match(again.out, /http:\/\/localhost:3000\/s\/palace-a2/)
  t.match(again.out, /Phones can’t open these links: set PUBLIC_URL/)
})

t.test('the links name PUBLIC_URL, unless --url says otherwise', async (t) => {
  writeFileSync(path, JSON.stringify(file))
  const run = (...more: string[]) =>
    runCommand(theatreCommand, ['apply', path, ...more], {
      databaseUrl: url,
      env: { PUBLIC_URL: 'https://order.example.com' },
    })
  const named = await run()
  t.match(named, { code: 0, out: /A2 {2}https:\/\/order\.example\.com\/s\/palace-a2\n$/ })
  t.match(
    (await run('--url', 'https://other.example.com')).out,
    /https:\/\/other\.example\.com\/s\/palace-a2/,
  )
})

t.test('a relative path starts where npm was called', async (t) => {
  await apply(file)
  const env = { INIT_CWD: folder }
  const applied = await runCommand(theatreCommand, ['apply', 'theatre.json'], { databaseUrl: url, env })
  t.match(applied, { code: 0, err: '' })
})

t.test('pictures are not in the file: an item keeps its own until it leaves the menu', async (t) => {
  await apply({ ...file, menu: [...file.menu, { name: 'Cake', price: 9000 }] })
  const { id } = await db.theatre.findUniqueOrThrow({ where: { name: 'Palace' } })
  for (const [name, sha256] of [
    ['Tea', 'a'.repeat(64)],
    ['Cake', 'b'.repeat(64)],
  ] as const) {
    await db.picture.create({ data: { sha256, bytes: new Uint8Array(3), width: 4, height: 3 } })
    await db.menuItem.updateMany({ where: { theatreId: id, name }, data: { pictureHash: sha256 } })
  }
  const exported = join(folder, 'exported.json')
  await runCommand(theatreCommand, ['export', String(id), exported], { databaseUrl: url })
  const text = readFileSync(exported, 'utf8')
  t.notMatch(text, /picture|aaaa/)
  t.match(await apply(text), { code: 0, out: /no changes/ })
  await apply({ ...file, menu: [{ name: 'Tea', price: 6000, category: 'Hot' }] }, '--yes')
  const items = await db.menuItem.findMany({ where: { theatreId: id }, orderBy: { id: 'asc' } })
  t.match(
    items.map(({ name, pictureHash }) => [name, pictureHash]),
    [
      ['Tea', 'a'.repeat(64)],
      ['Cake', null],
    ],
  )
  t.same((await db.picture.findMany({ select: { sha256: true } })).length, 1)
  await apply(file)
})

t.test('reports each error in one line and stores nothing', async (t) => {
  const before = await db.theatre.count()
  const refused = await apply({
    ...file,
    name: 'Other',
    max_time: 'long',
    menu: [{ name: 'Tea', price: -1 }],
  })
  t.match(refused, { code: 1, out: '' })
  t.same(refused.err.trim().split('\n'), [
    `${path}: max_time must be a whole number from 1 to 1440`,
    `${path}: menu[0].price must be a whole number from 1 to 10000000, in paise`,
  ])
  t.match(await apply('{"name"'), { code: 1, err: /is not valid JSON/ })
  const stolen = { name: 'Screen 9', seats: [{ name: 'Z1', token: 'palace-a2' }] }
  t.match(await apply({ ...file, name: 'Other', halls: [stolen] }), { code: 1, err: /palace-a2.*A2/ })
  t.equal(await db.theatre.count(), before)
})

t.test('asks before an item leaves the menu', async (t) => {
  const menu = [
    ...file.menu,
    {
      name: 'Cake',
      price: 9000,
      category: 'Sweet',
      options: [{ name: 'Size', min: 1, max: 1, choices: ['Small'] }],
    },
    { name: 'Juice', price: 8000, diet: 'vegetarian' },
  ]
  await apply({ ...file, menu })
  const listed = async () =>
    (await db.menuItem.findMany({ where: { listed: true }, orderBy: { position: 'asc' } })).map(
      ({ name }) => name,
    )
  const all = ['Tea', 'Cake', 'Juice']
  const dry = await apply({ ...file, max_time: 45 }, '--dry-run')
  t.match(dry, {
    code: 0,
    err: '',
    out: 'Leaves the menu: Cake\nLeaves the menu: Juice\n"Palace": 3 changes would be made; nothing was changed.\n',
  })
  t.same(await listed(), all)
  t.match(await apply(file), { code: 1, err: 'Nothing was changed. Give --yes to take them off the menu.\n' })
  const asked = (answer: boolean) => runCommand(theatreCommand, ['apply', path], { databaseUrl: url, answer })
  t.match(await asked(false), { code: 1, err: 'Take these 2 items off the menu?\nNothing was changed.\n' })
  t.same(await listed(), all)
  t.match(await asked(true), { code: 0 })
  t.same(await listed(), ['Tea'])
  await apply({ ...file, menu })
  t.match(await apply(file, '--yes'), { code: 0 })
  t.same(await listed(), ['Tea'])
  await apply({ ...file, menu })
})

t.test('an exported theatre is a file that changes nothing', async (t) => {
  const theatre = (...args: string[]) => runCommand(theatreCommand, args, { databaseUrl: url })
  const exported = await theatre('export', '1')
  t.match(exported, { code: 0, err: '' })
  t.match(JSON.parse(exported.out), {
    name: 'Palace',
    halls: [{ name: 'Screen 1', seats: [{ name: 'A1' }, { name: 'A2', token: 'palace-a2' }] }],
    menu: [
      { name: 'Tea' },
      { name: 'Cake', options: [{ name: 'Size', choices: [{ name: 'Small', price: 0 }] }] },
      {},
    ],
  })
  const copy = join(folder, 'copy.json')
  t.match(await theatre('export', '1', copy), { code: 0, out: `Written to ${copy}.\n` })
  t.equal(statSync(copy).mode & 0o777, 0o600)
  t.match(await theatre('apply', copy), { code: 0, out: /no changes/ })
  t.match(await theatre('export', '999'), { code: 1, err: /theatre/ })
  t.match(await theatre('export', 'Palace'), { code: 2 })
  t.match(await theatre('export'), { code: 2, err: /Missing argument: ID/ })
})

t.test('prints the usage, and wrong arguments give exit code 2', async (t) => {
  const theatre = (...args: string[]) => runCommand(theatreCommand, args, { databaseUrl: url })
  t.match(await theatre('--help'), { code: 0, out: /max_time/ })
  t.match(await theatre(), { code: 2 })
  t.match(await theatre('apply'), { code: 2, err: /Missing argument: FILE/ })
  t.match(await theatre('remove', path), { code: 2 })
  t.match(await theatre('apply', path, '--url', 'example.com'), { code: 2, err: /--url must be a URL/ })
  t.match(await theatre('apply', join(folder, 'none.json')), {
    code: 1,
    err: /none\.json can’t be read \(ENOENT\)/,
  })
})

t.test('runs as a process', async (t) => {
  writeFileSync(path, JSON.stringify(file))
  const run = (...more: string[]) => spawnCommand('theatre', ['apply', path, ...more], { databaseUrl: url })
  t.match(await run('--yes'), { code: 0, err: '', out: /Leaves the menu: Cake/ })
  t.match(await run(), { code: 0, err: '', out: /no changes/ })
})
