import t from 'tap'
import { markChatRead, sendMessage } from '../../src/chat/chat-actions.js'
import { listChats, listMessages } from '../../src/chat/chat-queries.js'
import { viewChat } from '../../src/chat/chat-view.js'
import type { Principal } from '../../src/principal.js'
import { createFixture, type Fixture, refusal } from '../helpers/fixture.js'
import type { Teardown } from '../helpers/teardown.js'

let ids = 0
const send = (fixture: Fixture, principal: Principal, chat: number, text: string, clientId = `c${++ids}`) =>
  sendMessage(fixture.ctx, principal, { chat, text, clientId })

async function createChat(t: Teardown, phone: string | null = null) {
  const fixture = await createFixture(t)
  const guest = await fixture.guest()
  const { id } = await fixture.order({ guest, phone })
  fixture.events.length = 0
  const unread = async () => (await listChats(fixture.db, 1)).find((chat) => chat.id === id)?.unread
  return { fixture, guest, id, unread }
}

t.test('a message goes to the theatre and the customer, without names of the staff', async (t) => {
  const { fixture, guest, id } = await createChat(t)
  const question = await send(fixture, guest.principal, id, 'Hello?', 'mine')
  const reply = await send(fixture, fixture.admin, id, 'Yes')
  t.match(question, { created: true, message: { from: 'customer', text: 'Hello?', clientId: 'mine' } })
  t.match(reply, { created: true, message: { from: 'staff' } })
  t.same(
    fixture.events.map(({ name, group, seq }) => [name, group, seq]),
    [
      ['chat.message', 'theatre:1:chat', 1],
      ['chat.message', `order:${id}`, 2],
      ['chat.message', 'theatre:1:chat', 2],
      ['chat.message', `order:${id}`, 3],
    ],
  )
  const data = fixture.events.map((event) => JSON.parse(event.data))
  t.match(data[0], {
    chat: id,
    conversation: { id, theatreId: 1, unread: 1 },
    message: { text: 'Hello?', clientId: 'mine' },
  })
  t.same(
    Object.keys(data[3]).sort(),
    ['chat', 'message'],
    'customers don’t get the staff’s view of the conversation',
  )
  t.same(Object.keys(data[3].message).sort(), ['at', 'clientId', 'from', 'id', 'text'])
  for (const { group, data } of fixture.events)
    if (group.startsWith('order:')) t.notMatch(data, /admin|unread/)
})

t.test('a repeated clientId is stored once per sender, also concurrently', async (t) => {
  const { fixture, guest, id } = await createChat(t)
  for (let round = 0; round < 15; round++) {
    fixture.events.length = 0
    const sent = await Promise.all(
      ['a', 'b', 'c'].map((text) => send(fixture, guest.principal, id, text, `twin-${round}`)),
    )
    t.equal(new Set(sent.map(({ message }) => message.id)).size, 1)
    t.equal(new Set(sent.map(({ message }) => message.text)).size, 1)
    t.equal(sent.filter(({ created }) => created).length, 1)
    t.equal(fixture.events.length, 2)
  }
  t.equal((await send(fixture, fixture.staff, id, 'x', 'twin-1')).created, true)
  t.equal(await fixture.db.chatMessage.count(), 16)
})

t.test('with concurrent senders, message ids rise in the order of the events', async (t) => {
  const { fixture, guest, id } = await createChat(t)
  const senders = [guest.principal, fixture.staff, fixture.admin]
  await Promise.all(
    Array.from({ length: 40 }, (_, i) => send(fixture, senders[i % 3] ?? fixture.admin, id, `m${i}`)),
  )
  const messageIds = fixture.events
    .filter(({ group }) => group === `order:${id}`)
    .sort((a, b) => a.seq - b.seq)
    .map(({ data }): number => JSON.parse(data).message.id)
  t.same(
    messageIds,
    messageIds.toSorted((a, b) => a - b),
  )
  t.equal(messageIds.length, 40)
})

t.test('for principals without access the chat does not exist', async (t) => {
  const { fixture, guest, id } = await createChat(t)
  const stranger = (await fixture.guest()).principal
  for (const principal of [fixture.otherStaff, stranger, { ...fixture.staff, theatres: [] }]) {
    t.equal(await refusal(send(fixture, principal, id, 'x')), 'not_found')
    t.equal(await refusal(listMessages(fixture.db, principal, id, null)), 'not_found')
    t.equal(await refusal(markChatRead(fixture.ctx, principal, id)), 'not_found')
    t.equal(await refusal(send(fixture, principal, 2_147_483_647, 'x')), 'not_found')
  }
  t.equal(
    await refusal(markChatRead(fixture.ctx, guest.principal, id)),
    'not_found',
    'only staff mark as read',
  )
  t.equal(await refusal(send(fixture, guest.principal, id, ' ')), 'validation_failed')
  t.equal(await refusal(send(fixture, guest.principal, id, 'x', '')), 'validation_failed')
  t.same([await fixture.db.chatMessage.count(), fixture.events.length], [0, 0])
})

t.test(
  'unread counts the customer’s messages since the staff last read or replied, and never moves back',
  async (t) => {
    const { fixture, guest, id, unread } = await createChat(t)
    const readEvents = () => fixture.events.filter(({ name }) => name === 'chat.read')
    t.equal(await unread(), undefined, 'a conversation without messages is not listed')
    await markChatRead(fixture.ctx, fixture.staff, id)
    const first = await send(fixture, guest.principal, id, '1')
    const second = await send(fixture, guest.principal, id, '2')
    t.equal(await unread(), 2)
    await markChatRead(fixture.ctx, fixture.staff, id, first.message.id)
    t.equal(await unread(), 1)
    await markChatRead(fixture.ctx, fixture.staff, id)
    t.equal(await unread(), 0)
    await markChatRead(fixture.ctx, fixture.staff, id, first.message.id)
    t.equal(await unread(), 0)
    await markChatRead(fixture.ctx, fixture.staff, id, 2_147_483_647)
    const third = await send(fixture, guest.principal, id, '3')
    t.equal(await unread(), 1, 'a later message can’t be marked in advance')
    await send(fixture, fixture.staff, id, 'yes')
    t.equal(await unread(), 0)
    await markChatRead(fixture.ctx, fixture.staff, id)
    t.match(
      readEvents().map(({ group, data }) => ({ group, data: JSON.parse(data) })),
      [
        { group: 'theatre:1:chat', data: { chat: id, conversation: { id, unread: 1 } } },
        { group: 'theatre:1:chat', data: { chat: id, conversation: { id, unread: 0 } } },
      ],
      'one event for each change, to the staff only',
    )
    t.ok(second.message.id < third.message.id)
  },
)

t.test('the history is paged, oldest first', async (t) => {
  const { fixture, guest, id } = await createChat(t)
  for (let i = 1; i <= 120; i++) await send(fixture, guest.principal, id, String(i))
  const read: string[][] = []
  let before: number | null = null
  for (let more = true; more; ) {
    const page: Awaited<ReturnType<typeof listMessages>> = await listMessages(
      fixture.db,
      fixture.staff,
      id,
      before,
    )
    read.unshift(page.messages.map(({ text }) => text))
    before = page.messages[0]?.id ?? null
    more = page.more
  }
  t.same(
    read.map((page) => page.length),
    [20, 50, 50],
  )
  t.same(
    read.flat(),
    Array.from({ length: 120 }, (_, index) => String(index + 1)),
  )
  t.same(await listMessages(fixture.db, fixture.staff, id, 1), { messages: [], more: false })
})

t.test('the list has the most recently active first, without ended orders older than a day', async (t) => {
  const { fixture, guest, id } = await createChat(t)
  const other = await fixture.order({ guest, seat: 'demo-b7' })
  await send(fixture, guest.principal, id, 'first')
  await send(fixture, guest.principal, other.id, 'second')
  t.same(
    (await listChats(fixture.db, 1)).map((chat) => chat.id),
    [other.id, id],
  )
  t.match((await listChats(fixture.db, 1)).map(viewChat)[0], {
    id: other.id,
    order: { id: other.id, seat: { name: 'B7', hall: 'Screen 1' } },
    lastMessage: { text: 'second' },
  })
  const yesterday = new Date(Date.now() - 25 * 3_600_000)
  await fixture.db.order.update({ where: { id: other.id }, data: { createdAt: yesterday } })
  t.equal((await listChats(fixture.db, 1)).length, 2, 'a live order stays listed')
  await fixture.db.order.update({
    where: { id: other.id },
    data: { status: 'cancelled', cancelledAt: new Date() },
  })
  t.same(
    (await listChats(fixture.db, 1)).map((chat) => chat.id),
    [id],
  )
  t.same(await listChats(fixture.db, 2), [])
})
