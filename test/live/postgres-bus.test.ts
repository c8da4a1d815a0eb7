import t, { type Test } from 'tap'
import {
  type BusMessage,
  encodeNotices,
  NOTIFY,
  NoticeReader,
  noticeChannel,
} from '../../src/live/bus/notices.js'
import { PostgresBus } from '../../src/live/bus/postgres-bus.js'
import { testDatabase } from '../helpers/database.js'
import { withClient } from '../helpers/database-template.js'
import { startTcpProxy } from '../helpers/tcp-proxy.js'
import { startTransactionPooler } from '../helpers/transaction-pooler.js'
import { until } from '../helpers/until.js'
import { type BusClient, openPostgresBus, PREFIX, quick } from './bus-client.js'

t.test('while it is silent, at the start too, nothing waits; the bus recovers by itself', async (t) => {
  const { url } = await testDatabase(t)
  const proxy = await proxyOf(t, url)
  proxy.hold()
  const client = await openPostgresBus(t, proxy.url, false)
  const other = await openPostgresBus(t, url)
  await quick(t, () => client.bus.subscribe('a'))
  client.bus.publish('a', 'lost')
  t.equal(client.bus.healthy, false)
  proxy.pass()
  await expectDelivery(other, client, 'from the start')
  for (const fail of [proxy.hold, proxy.cut]) {
    fail()
    await until(() => !client.bus.healthy, 'the silence to be detected')
    await quick(t, () => client.bus.subscribe('b'))
    client.bus.publish('a', 'lost')
    other.bus.publish('a', 'lost')
    proxy.pass()
    await expectDelivery(other, client, `after ${fail.name}`)
  }
  t.strictSame(
    client.received.history.map(({ message }) => message),
    ['from the start', 'after hold', 'after cut'],
    'messages published while it was down are never delivered',
  )
})

t.test('a connection that stays and is silent is given up', async (t) => {
  const { url, db } = await testDatabase(t)
  const proxy = await proxyOf(t, url)
  const client = await openPostgresBus(t, proxy.url)
  const pids = async () => {
    const rows = await db.$queryRaw<{ pid: number }[]>`
      SELECT pid FROM pg_stat_activity WHERE application_name = 'houselights-listen' AND datname = current_database()`
    return rows.map(({ pid }) => pid)
  }
  const before = await pids()
  proxy.hold()
  await until(async () => (await pids()).every((pid) => !before.includes(pid)), 'the connection to be closed')
  t.equal(client.bus.healthy, false)
  proxy.pass()
  await until(() => client.bus.healthy, 'the bus to be healthy')
})

t.test('a pooler in transaction mode, through which LISTEN has no effect, is no healthy bus', async (t) => {
  const { url } = await testDatabase(t)
  const pooled = new PostgresBus(await startTransactionPooler(t, url), PREFIX)
  t.teardown(() => pooled.close())
  const other = await openPostgresBus(t, url)
  await other.bus.subscribe('a')
  await until(() => {
    pooled.publish('a', 'sent all the same')
    return other.received.history.length > 0
  }, 'the pooled connection to send')
  t.equal(await pooled.ready(50), false)
})

t.test('malformed and incomplete notices are ignored', async (t) => {
  const { url } = await testDatabase(t)
  const client = await openPostgresBus(t, url)
  await client.bus.subscribe('a')
  const valid = '[["a","valid"]]'
  const payloads = [
    '',
    'x',
    'x 1 0 ',
    'x 1 0 {',
    'x 1 0 [["a"]]',
    'x 1 0 [["a",1]]',
    `x 1 1 ${valid}`,
    `y 1 0 ${valid}`,
  ]
  await withClient(url, (sender) => sender.query(NOTIFY, [noticeChannel(PREFIX), payloads]))
  await client.received.expect({ message: 'valid' })
  t.equal(client.received.history.length, 1)
})

t.test('a batch of any size is encoded as payloads that PostgreSQL takes', async (t) => {
  const messages: BusMessage[] = [
    ['a', 'ü𝄞\u0000'.repeat(5000)],
    ['a', ''],
  ]
  const notices = encodeNotices({ sender: 'node', number: 7, messages })
  t.ok(notices.length > 1)
  t.ok(notices.every((notice) => Buffer.byteLength(notice) < 8000))
  const reader = new NoticeReader()
  const read = notices.map((notice) => reader.read(notice))
  t.strictSame(read.pop(), { sender: 'node', number: 7, messages })
  t.ok(read.every((batch) => batch === null))
})

async function proxyOf(t: Test, url: string) {
  const target = new URL(url)
  const proxy = await startTcpProxy(t, { host: target.hostname, port: Number(target.port) })
  target.host = `127.0.0.1:${proxy.port}`
  return { ...proxy, url: target.href }
}

async function expectDelivery(from: BusClient, to: BusClient, message: string): Promise<void> {
  await until(() => to.bus.healthy, 'the bus to be healthy')
  await to.resets.expect(() => true)
  from.bus.publish('a', message)
  await to.received.expect({ message })
}
