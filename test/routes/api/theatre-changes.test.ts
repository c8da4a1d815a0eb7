import t, { type Test } from 'tap'
import type { ManagedTheatreView } from '../../../src/protocol/manager-views.js'
import type { HallView, ManagedItemView } from '../../../src/protocol/views.js'
import { testDatabase } from '../../helpers/database.js'
import { within } from '../../helpers/deadline.js'
import { type EventStream, openEvents } from '../../helpers/event-stream.js'
import type { HttpClient } from '../../helpers/http-client.js'
import { startService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { until } from '../../helpers/until.js'

const open = (t: Test, url: string, client: HttpClient, theatre = 1) =>
  openEvents<ManagedTheatreView>(t, url, `/api/theatres/${theatre}/changes`, { cookie: client.cookie })

/** Resolves with the next event whose version is another one. */
async function nextVersion(stream: EventStream<ManagedTheatreView>, before: string): Promise<string> {
  const { name, data } = await stream.events.expect(({ data }) => data.version !== before)
  if (name !== 'theatre') throw new Error(`an event called ${name}`)
  return data.version
}

t.test(
  'each change of menu, settings, halls, seats and staff shows on every node, whoever makes it',
  async (t) => {
    const database = await testDatabase(t, { demo: true })
    const [one, two] = [await startService(t, { database }), await startService(t, { database })]
    const manager = await signIn(one.url, 'manager')
    const admin = await signIn(one.url, 'admin')
    const stream = await open(t, two.url, manager)
    t.match([stream.status, stream.headers['cache-control']], [200, 'no-store'])
    let version = await nextVersion(stream, '')
    const shows = async (what: string, answer: { status: number }) => {
      t.ok(answer.status < 300, what)
      version = await nextVersion(stream, version)
    }
    const { menu } = (await manager.get<{ menu: ManagedItemView[] }>('/api/theatres/1/menu')).body
    await shows('an item', await manager.patch(`/api/menu-items/${menu[0]?.id}`, { price: 12_300 }))
    await shows('settings', await manager.patch('/api/theatres/1/settings', { receiptHeader: 'New' }))
    const made = await manager.post<{ hall: HallView }>('/api/theatres/1/halls', {
      name: 'New',
      seats: ['A1'],
    })
    await shows('a hall', made)
    const { hall } = made.body
    await shows('a row', await manager.patch(`/api/halls/${hall.id}`, { rows: [{ name: 'B', seats: 2 }] }))
    await shows('a name', await manager.patch(`/api/halls/${hall.id}`, { name: 'Newer' }))
    await shows('a code', await manager.post(`/api/seats/${hall.seats[0]?.id}/renew`))
    await shows('no hall', await manager.delete(`/api/halls/${hall.id}`))
    const staff = '/api/theatres/1/staff'
    const password = 'a-password-of-ours'
    const added = await manager.post<{ user: { id: number } }>(staff, { username: 'new', password })
    await shows('an account', added)
    await shows('a manager', await manager.patch(`${staff}/${added.body.user.id}`, { manager: true }))
    await shows('disabled', await admin.patch(`/api/users/${added.body.user.id}`, { isActive: false }))
    await shows('no member', await manager.patch(`${staff}/${added.body.user.id}`, { member: false }))
    await one.db.theatre.update({ where: { id: 1 }, data: { lastOrders: 7 } })
    version = await nextVersion(stream, version)
    t.pass('what nobody announces shows too')
  },
)

t.test('what is sent is what the calls answer, and an item that comes back by itself is sent', async (t) => {
  const { url, db } = await startService(t, { demo: true })
  const manager = await signIn(url, 'manager')
  const item = await db.menuItem.findFirstOrThrow({ where: { theatreId: 1 } })
  const soldOutUntil = new Date(Date.now() + 3000)
  await db.menuItem.update({ where: { id: item.id }, data: { available: false, soldOutUntil } })
  const stream = await open(t, url, manager)
  const { data } = await stream.events.expect(() => true)
  for (const part of ['settings', 'halls', 'staff'] as const) {
    const answer = await manager.get<Partial<ManagedTheatreView>>(`/api/theatres/1/${part}`)
    t.same(data[part], answer.body[part], part)
  }
  t.match(
    data.menu.find(({ id }) => id === item.id),
    { available: false },
  )
  const later = await stream.events.expect(({ data }) => data.menu.every(({ available }) => available))
  t.same(later.data.menu, (await manager.get<ManagedTheatreView>('/api/theatres/1/menu')).body.menu)
})

t.test('only managers of the theatre and admins; looking prolongs no session', async (t) => {
  const { url, db, app } = await startService(t, { demo: true })
  const [staff, manager, admin] = await Promise.all(
    ['staff', 'manager', 'admin'].map((name) => signIn(url, name)),
  )
  if (!staff || !manager || !admin) throw new Error('somebody is missing')
  t.equal((await open(t, url, staff)).status, 403)
  t.equal((await open(t, url, manager, 2)).status, 403)
  t.equal((await open(t, url, admin, 99)).status, 404)
  t.equal((await openEvents(t, url, '/api/theatres/1/changes')).status, 401)
  t.equal((await manager.request('HEAD', '/api/theatres/1/changes')).status, 404)

  await db.session.updateMany({ data: { lastSeenAt: new Date(Date.now() - 1_800_000) } })
  const before = await db.session.findMany({ orderBy: { id: 'asc' } })
  const stream = await open(t, url, manager)
  await stream.events.expect(() => true)
  t.same(await db.session.findMany({ orderBy: { id: 'asc' } }), before)
  stream.close()
  await until(() => app.managerStreams.size === 0, 'the service to notice the closed stream')
})

t.test('a stream ends with the right to it, and says nothing of the change', async (t) => {
  const { url, db } = await startService(t, { demo: true })
  const manager = await signIn(url, 'manager')
  const admin = await signIn(url, 'admin')
  const [own, theirs] = [await open(t, url, manager), await open(t, url, admin)]
  await Promise.all([own, theirs].map(({ events }) => events.expect(() => true)))
  const { id } = await db.user.findUniqueOrThrow({ where: { username: 'manager' } })
  await admin.patch(`/api/users/${id}`, { managerOf: [] })
  await within(own.ended, 10_000, 'the end of the stream')
  t.equal(own.events.history.length, 1)
  await theirs.events.expect(({ data }) => data.version !== theirs.events.history[0]?.data.version)
  t.pass('others go on')
  t.equal((await open(t, url, manager)).status, 403)
})

t.test('streams end when the node stops', async (t) => {
  const service = await startService(t, { demo: true, env: { DRAIN_SECONDS: '5' } })
  const stream = await open(t, service.url, await signIn(service.url, 'manager'))
  await stream.events.expect(() => true)
  const closed = service.close()
  t.type(await within(stream.ended, 2000, 'the end of the stream at the beginning of the drain'), 'number')
  await closed
})
