import t, { type Test } from 'tap'
import type { MenuStateView } from '../../../src/protocol/views.js'
import { testDatabase } from '../../helpers/database.js'
import { within } from '../../helpers/deadline.js'
import { openEvents, type SentEvent } from '../../helpers/event-stream.js'
import { startRedis } from '../../helpers/redis.js'
import { startService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { until } from '../../helpers/until.js'

type Changes = SentEvent<MenuStateView>

const PATH = '/api/seats/demo-a1/changes'
const open = (t: Test, url: string, path = PATH) => openEvents<MenuStateView>(t, url, path)
const isAvailable = (id: number, available: boolean) => (event: Changes) =>
  event.data.menu.some((item) => item.id === id && item.available === available)

t.test('a stream begins with the whole menu, and shows changes of it and of ordering', async (t) => {
  const { url, db, app } = await startService(t, { demo: true })
  const stream = await open(t, url)
  t.equal(stream.status, 200)
  t.match(stream.headers, {
    'content-type': /^text\/event-stream/,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'set-cookie': undefined,
  })
  const first = await stream.events.expect((event) => event.name === 'menu')
  const staff = await signIn(url, 'staff')
  const { body } = await staff.get<MenuStateView>('/api/seats/demo-a1')
  t.same(first.data, { theatre: body.theatre, menu: body.menu }, 'as the seat answers')

  const [item] = body.menu
  const id = item?.id ?? 0
  await staff.patch(`/api/menu-items/${id}`, { available: false })
  await stream.events.expect(isAvailable(id, false))
  await staff.post('/api/theatres/1/pause', { minutes: 5 })
  await stream.events.expect(({ data }) => !data.theatre.accepting && data.theatre.reopensAt !== null)
  await db.menuItem.update({ where: { id }, data: { price: 12_345 } })
  await stream.events.expect(({ data }) => data.menu.some(({ price }) => price === 12_345))
  t.pass('a change that nobody announced shows too')
  await db.theatre.update({ where: { id: 1 }, data: { reopensAt: new Date(Date.now() + 1500) } })
  await stream.events.expect(({ data }) => data.theatre.accepting)
  t.pass('a pause that ends by itself shows')
  t.equal((await open(t, url, '/api/seats/none/changes')).status, 404)
  t.equal((await staff.request('HEAD', PATH)).status, 404, 'a HEAD would open a stream that nobody reads')

  stream.close()
  await until(() => app.menuStreams.size === 0, 'the service to notice the closed stream')
  const { text } = await staff.get('/metrics')
  t.match(text, /^houselights_menu_streams 0$/m)
  t.match(
    text,
    /^houselights_http_request_seconds_count\{.*"\/api\/seats\/:seatToken\/changes",status="404"/m,
  )
  t.notMatch(
    text,
    /"\/api\/seats\/:seatToken\/changes",status="200"/,
    'minutes of looking are no slow request',
  )
})

for (const withRedis of [false, true]) {
  t.test(`a change on one node shows on another, ${withRedis ? 'over Redis' : 'over LISTEN'}`, async (t) => {
    const database = await testDatabase(t, { demo: true })
    const env: Record<string, string> = withRedis ? { REDIS_URL: (await startRedis(t)).url } : {}
    const [one, two] = [await startService(t, { database, env }), await startService(t, { database, env })]
    const stream = await open(t, two.url)
    const { data } = await stream.events.expect(() => true)
    const id = data.menu[0]?.id ?? 0
    const staff = await signIn(one.url, 'staff')
    await staff.patch(`/api/menu-items/${id}`, { available: false })
    await stream.events.expect(isAvailable(id, false))
    await staff.patch(`/api/menu-items/${id}`, { available: true })
    await stream.events.expect(isAvailable(id, true))
  })
}

t.test('20 streams of an address at a seat; those that close make room', async (t) => {
  const { url, app } = await startService(t, { demo: true })
  const streams = await Promise.all(Array.from({ length: 20 }, () => open(t, url)))
  t.ok(streams.every(({ status }) => status === 200))
  const refused = await open(t, url)
  t.equal(refused.status, 429)
  t.match(refused.headers['retry-after'], /^\d+$/)
  t.equal((await open(t, url, '/api/seats/demo-a2/changes')).status, 200, 'another seat has room')
  streams[0]?.close()
  await until(() => app.menuStreams.size === 20, 'the service to notice the closed stream')
  t.equal((await open(t, url)).status, 200)
})

t.test('streams end when the code of their seat is renewed, and others go on', async (t) => {
  const { url, db } = await startService(t, { demo: true })
  const [mine, other] = [await open(t, url), await open(t, url, '/api/seats/demo-a2/changes')]
  await Promise.all([mine, other].map(({ events }) => events.expect(() => true)))
  await db.seat.update({ where: { token: 'demo-a1' }, data: { token: 'renewed' } })
  await within(mine.ended, 10_000, 'the end of the stream')
  t.equal((await open(t, url)).status, 404)
  const item = await db.menuItem.findFirstOrThrow({ where: { theatreId: 1 } })
  await db.menuItem.update({ where: { id: item.id }, data: { available: false } })
  await other.events.expect(isAvailable(item.id, false))
})

t.test('what managers change shows: the name, opening hours, and a seat that is removed', async (t) => {
  const { url, db } = await startService(t, { demo: true })
  const stream = await open(t, url)
  await stream.events.expect(({ data }) => data.theatre.accepting)
  const manager = await signIn(url, 'manager')
  await manager.patch('/api/theatres/1/settings', { name: 'Grander Cinema' })
  await stream.events.expect(({ data }) => data.theatre.name === 'Grander Cinema')
  await manager.patch('/api/theatres/1/settings', { openingHours: [] })
  await stream.events.expect(({ data }) => !data.theatre.accepting && data.theatre.reopensAt === null)
  const { body } = await manager.get<MenuStateView>('/api/seats/demo-a1')
  t.equal(body.theatre.accepting, false)
  await db.seat.update({ where: { token: 'demo-a1' }, data: { listed: false } })
  await within(stream.ended, 10_000, 'the end of the stream')
})

t.test('streams end when the node stops, and say when to come back', async (t) => {
  const service = await startService(t, { demo: true, env: { DRAIN_SECONDS: '5' } })
  const stream = await open(t, service.url)
  await stream.events.expect(() => true)
  const closed = service.close()
  t.type(await within(stream.ended, 2000, 'the end of the stream at the beginning of the drain'), 'number')
  await closed
})
