import t from 'tap'
import { firstMenuItem } from '../helpers/customers.js'
import { shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { startService } from '../helpers/service.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import {
  floodSeat,
  from,
  guessFromEverywhere,
  guessPasswords,
  logIn,
  sendBadOrders,
  timed,
} from './wifi-scenarios.js'

const WIFI = '192.0.2.1'
const ENV = { TRUST_PROXY: 'loopback' }
const ORDERS = '/ws/all-seat-datasocket/'
const forwarded = (port: number) => [`X-Forwarded-For: ${WIFI}`, `X-Forwarded-Host: 127.0.0.1:${port}`]

t.test('a stranger’s wrong passwords lock out no device that was signed in before', async (t) => {
  const { url } = await startService(t, { demo: true, env: ENV })
  const tablet = createClient(url)
  t.equal(await logIn(tablet, WIFI, 'staff', DEMO_PASSWORD), 200)
  await tablet.post('/api/auth/logout', undefined, from(WIFI))
  const statuses = await guessPasswords(url, WIFI, 60)
  t.equal(statuses.at(-1), 429)
  t.equal(statuses.length, 51)
  t.equal(await logIn(createClient(url), WIFI, 'staff', DEMO_PASSWORD), 429, 'who shows nothing')
  t.equal(await logIn(tablet, WIFI, 'staff', DEMO_PASSWORD), 200)
  t.equal(await logIn(tablet, WIFI, 'STAFF', DEMO_PASSWORD), 200)

  await t.test('the mark is worth nothing for another account, and nothing when forged', async (t) => {
    t.equal(await logIn(tablet, WIFI, 'manager', DEMO_PASSWORD), 429)
    const forger = createClient(url)
    const mark = decodeURIComponent(tablet.cookies.get('deviceid') ?? '')
    const [, id = '', account = ''] = mark.split('.')
    t.match(id, /^[\w-]{22}$/)
    for (const forged of [
      `device.${id}.${account}`,
      mark.replace(id, id.split('').reverse().join('')),
      mark.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    ]) {
      forger.cookies.set('deviceid', encodeURIComponent(forged))
      t.equal(await logIn(forger, WIFI, 'staff', DEMO_PASSWORD), 429, forged)
    }
  })

  await t.test('a mark has its own budget', async (t) => {
    for (let i = 0; i < 10; i++) t.equal(await logIn(tablet, WIFI, 'staff', 'a wrong guess'), 401)
    t.equal(await logIn(tablet, WIFI, 'staff', DEMO_PASSWORD), 429)
  })
})

t.test('blanks around a name, its case and its width make no other account', async (t) => {
  const { url } = await startService(t, { demo: true, env: ENV })
  const names = ['staff', 'STAFF', ' staff', 'staff\u00a0', '\u200estaff', 'ｓｔａｆｆ']
  const guess = (i: number) => logIn(createClient(url), WIFI, names[i % names.length] ?? '', 'a wrong guess')
  for (let i = 0; i < 10; i++) t.equal(await guess(i), 401)
  for (let i = 0; i < names.length; i++) t.equal(await guess(i), 429)
})

t.test('a live session may change its password where a stranger guesses', async (t) => {
  const { url } = await startService(t, { demo: true, env: ENV })
  const staff = createClient(url)
  await logIn(staff, WIFI, 'staff', DEMO_PASSWORD)
  await guessPasswords(url, WIFI, 60)
  const change = { currentPassword: DEMO_PASSWORD, newPassword: 'another password of ours' }
  t.equal((await staff.post('/api/auth/password', change, from(WIFI))).status, 204)
})

t.test('a stranger’s bad requests keep no new customer from ordering', async (t) => {
  const { url, db } = await startService(t, { demo: true, env: ENV })
  const { id: menuItemId } = await firstMenuItem(db)
  t.equal(await sendBadOrders(url, WIFI, 1000), 650, 'the address’s budget')
  const order = { items: [{ menuItemId, quantity: 1 }], paymentMethod: 'cash' }
  for (const seat of ['demo-a1', 'demo-a2']) {
    const customer = createClient(url)
    t.equal((await customer.post(`/api/auth/guest?seat=${seat}`, {}, from(WIFI))).status, 200)
    t.equal((await customer.post(`/api/seats/${seat}/orders`, order, from(WIFI))).status, 201)
    const direct = createClient(url)
    t.equal((await direct.post(`/api/seats/${seat}/orders`, order, from(WIFI))).status, 201)
  }
  const invented = await createClient(url).post('/api/seats/no-such-seat/orders', order, from(WIFI))
  t.equal(invented.status, 429)
})

t.test('refused handshakes of an address block no device that was signed in there', async (t) => {
  const { url, port } = await startService(t, { demo: true, env: { ...ENV, WS_REFUSALS: '5' } })
  const tablet = createClient(url)
  await logIn(tablet, WIFI, 'staff', DEMO_PASSWORD)
  await tablet.post('/api/auth/logout', undefined, from(WIFI))
  const shake = async (cookie: string | null) =>
    (await shakeHands(port, { path: ORDERS, cookie, extra: forwarded(port) })).status
  for (let i = 0; i < 5; i++) t.equal(await shake(null), 401)
  t.equal(await shake(null), 429)
  t.equal(await shake(tablet.cookie), 401, 'told to sign in')
})

t.test('guessing from many addresses keeps nobody from signing in', async (t) => {
  const { url } = await startService(t, { demo: true, env: ENV })
  const tablet = createClient(url)
  await logIn(tablet, WIFI, 'staff', DEMO_PASSWORD)
  const storm = guessFromEverywhere(url, 1400, () => 'staff')
  const attempts = await Promise.all([
    timed(() => logIn(tablet, WIFI, 'staff', DEMO_PASSWORD)),
    timed(() => logIn(createClient(url), '192.0.2.9', 'manager', DEMO_PASSWORD)),
  ])
  t.same(
    attempts.map(([status]) => status),
    [200, 200],
  )
  t.comment(`delays: ${attempts.map(([, ms]) => Math.round(ms)).join(', ')} ms`)
  const statuses = await storm
  t.notOk(statuses.has(200))
  t.comment(JSON.stringify([...statuses]))
})

t.test('a seat’s link can’t flood the board', async (t) => {
  const { url, db } = await startService(t, { demo: true })
  const { id } = await firstMenuItem(db)
  const answers = await floodSeat(url, 'demo-a1', id, 50)
  t.same(Object.fromEntries(answers), { 201: 5, too_many_open_orders: 45 })
  t.match(await floodSeat(url, 'demo-a2', id, 1), new Map([['201', 1]]))
})
