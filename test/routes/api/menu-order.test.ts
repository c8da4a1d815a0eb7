import t from 'tap'
import type { ManagedItemView, MenuItemView } from '../../../src/protocol/views.js'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { startService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'

interface Answer {
  menu: ManagedItemView[]
  error: string
}

/** Categories with the first letters of their items, in the menu's order. */
function outline(menu: readonly Pick<MenuItemView, 'name' | 'category'>[]): string {
  const categories = new Map<string, string>()
  for (const { category, name } of menu) categories.set(category, `${categories.get(category) ?? ''}${name}`)
  return [...categories].map(([name, items]) => `${name}:${items}`).join(' ')
}

async function start() {
  const service = await startService(t, { demo: true })
  const [manager, staff, staff2, admin] = await Promise.all(
    ['manager', 'staff', 'staff2', 'admin'].map((name) => signIn(service.url, name)),
  )
  if (!manager || !staff || !staff2 || !admin) throw new Error('somebody is missing')
  await service.db.menuItem.updateMany({ where: { theatreId: 1 }, data: { listed: false } })
  // equal positions too, as older menus have, and a category in two parts
  const rows = [
    ['a', 'X', 0],
    ['b', 'X', 0],
    ['p', 'Y', 5],
    ['c', 'X', 7],
    ['q', 'Y', 7],
    ['z', '', 9],
  ] as const
  const ids = new Map<string, number>()
  for (const [name, category, position] of rows) {
    const { id } = await service.db.menuItem.create({
      data: { theatreId: 1, name, category, position, price: 100 },
    })
    ids.set(name, id)
  }
  const id = (name: string) => ids.get(name) ?? 0
  const move = (name: string, before: string | null, category?: string, client: HttpClient = manager) =>
    client.post<Answer>(`/api/menu-items/${id(name)}/move`, {
      before: before === null ? null : id(before),
      ...(category === undefined ? {} : { category }),
    })
  const change = (body: object, client: HttpClient = manager) =>
    client.patch<Answer>('/api/theatres/1/menu-categories', body)
  const now = async () =>
    outline((await manager.get<{ menu: MenuItemView[] }>('/api/seats/demo-a1')).body.menu)
  const version = async () => (await service.db.theatre.findUniqueOrThrow({ where: { id: 1 } })).version
  return { ...service, manager, staff, staff2, admin, id, move, change, now, version }
}

t.test('an item moves within its category and to another one, in one change', async (t) => {
  const { move, now, version } = await start()
  t.equal(await now(), 'X:abc Y:pq :z')
  const before = await version()
  const { body } = await move('c', 'a')
  t.equal(outline(body.menu), 'X:cab Y:pq :z')
  t.same(
    body.menu.map(({ position }) => position),
    [0, 1, 2, 3, 4, 5],
  )
  t.equal(await version(), before + 1)
  t.equal(outline((await move('c', null)).body.menu), 'X:abc Y:pq :z')
  t.equal(outline((await move('b', 'q', 'Y')).body.menu), 'X:ac Y:pbq :z')
  t.equal(outline((await move('z', null, 'X')).body.menu), 'X:acz Y:pbq')
  t.equal(outline((await move('z', null, ' \u202eNew ')).body.menu), 'X:ac Y:pbq New:z')
  const last = await version()
  t.equal((await move('z', null)).status, 200, 'again')
  t.equal(await version(), last, 'which changes nothing')
  t.equal(await now(), 'X:ac Y:pbq New:z')
})

t.test('a category moves as a whole, and is renamed', async (t) => {
  const { change, now, version } = await start()
  const before = await version()
  t.equal(outline((await change({ category: 'Y', before: 'X' })).body.menu), 'Y:pq X:abc :z')
  t.equal(await version(), before + 1)
  t.equal(outline((await change({ category: 'Y', before: null })).body.menu), 'X:abc :z Y:pq')
  t.equal(outline((await change({ category: '', name: 'Z', before: 'X' })).body.menu), 'Z:z X:abc Y:pq')
  t.equal(outline((await change({ category: 'X', name: ' W ' })).body.menu), 'Z:z W:abc Y:pq')
  t.match(await change({ category: 'W', name: 'Y' }), { status: 409, body: { error: 'category_exists' } })
  t.match(await change({ category: 'X', name: 'V' }), { status: 404, body: { error: 'not_found' } })
  t.match(await change({ category: 'W', before: 'X' }), { status: 409, body: { error: 'menu_changed' } })
  for (const body of [
    { category: 'W' },
    {},
    { category: 'W', name: 'x'.repeat(101) },
    { category: 'W', name: 'a\nb' },
  ])
    t.match(await change(body), { status: 400, body: { error: 'validation_failed' } })
  t.equal(await now(), 'Z:z W:abc Y:pq')
})

t.test('refusals change nothing', async (t) => {
  const { url, manager, staff, staff2, id, move, change, now } = await start()
  const stranger = createClient(url)
  for (const [client, item, theatre] of [
    [staff, 403, 403],
    [staff2, 404, 403],
    [stranger, 401, 401],
  ] as const) {
    t.equal((await move('a', null, 'X', client)).status, item)
    t.equal((await change({ category: 'X', name: 'V' }, client)).status, theatre)
  }
  t.match(await move('a', 'p'), { status: 409, body: { error: 'menu_changed' } }, 'p is in another category')
  t.match(await move('a', 'a'), { status: 409, body: { error: 'menu_changed' } })
  const path = `/api/menu-items/${id('a')}/move`
  for (const body of [{}, { before: 'b' }, { before: 0 }, { before: null, position: 1 }])
    t.equal((await manager.post(path, body)).status, 400, JSON.stringify(body))
  t.equal((await manager.post('/api/menu-items/999999/move', { before: null })).status, 404)
  t.equal(await now(), 'X:abc Y:pq :z')
})

t.test('many moves at once: all are made, no item is lost and no two have one place', async (t) => {
  const { move, change, db } = await start()
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, at) => {
      if (at % 4 === 3) return change({ category: 'X', before: at % 8 === 3 ? null : 'Y' })
      return move('abcpq'[at % 5] ?? 'a', null, at % 2 ? 'X' : 'Y')
    }),
  )
  t.same(
    [...new Set(answers.map(({ status }) => status))].filter((status) => status !== 409 && status !== 404),
    [200],
  )
  const menu = await db.menuItem.findMany({ where: { theatreId: 1, listed: true } })
  t.equal(menu.length, 6)
  t.equal(new Set(menu.map(({ position }) => position)).size, 6)
})
