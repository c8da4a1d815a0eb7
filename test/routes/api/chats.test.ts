import t from 'tap'
import type { ChatView, MessageView } from '../../../src/protocol/views.js'
import { postOrder } from '../../helpers/customers.js'
import type { HttpClient } from '../../helpers/http-client.js'
import { createClient } from '../../helpers/http-client.js'
import { startService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { NO_IDS } from '../ids.js'

const say = (client: HttpClient, chat: number | string, body: object) =>
  client.post<{ message: MessageView; error: string }>(`/api/chats/${chat}/messages`, body)

t.test('customer and staff exchange messages', async (t) => {
  const service = await startService(t, { demo: true })
  const owner = createClient(service.url)
  const { id } = await postOrder(owner, { paymentMethod: 'online' })
  const staff = await signIn(service.url, 'staff')
  const asked = await say(owner, id, { text: 'When?', clientId: 'c1' })
  t.equal(asked.status, 201)
  t.match(asked.body.message, { id: Number, from: 'customer', text: 'When?', clientId: 'c1' })
  const again = await say(owner, id, { text: 'other', clientId: 'c1' })
  t.same([again.status, again.body], [200, asked.body])
  const chats = async () => (await staff.get<{ chats: ChatView[] }>('/api/theatres/1/chats')).body.chats
  t.match(await chats(), [{ id, theatreId: 1, unread: 1, lastMessage: { text: 'When?' } }])
  t.equal((await staff.post(`/api/chats/${id}/read`)).status, 204)
  t.equal((await chats())[0]?.unread, 0)
  const answered = await say(staff, id, { text: 'Now', clientId: 'c1' })
  t.same([answered.status, answered.body.message.from], [201, 'staff'])
  const history = await owner.get<{ messages: MessageView[]; more: boolean }>(`/api/chats/${id}/messages`)
  t.same(history.body, { messages: [asked.body.message, answered.body.message], more: false })
  const older = await staff.get<{ messages: MessageView[] }>(
    `/api/chats/${id}/messages?before=${answered.body.message.id}`,
  )
  t.same(older.body.messages, [asked.body.message])
})

t.test('users without permission, and invalid messages', async (t) => {
  const service = await startService(t, { demo: true })
  const owner = createClient(service.url)
  const { id } = await postOrder(owner, { paymentMethod: 'online' })
  const stranger = createClient(service.url)
  await postOrder(stranger, { seat: 'demo-a2', paymentMethod: 'online' })
  const [staff, staff2] = [await signIn(service.url, 'staff'), await signIn(service.url, 'staff2')]
  const body = { text: 'x', clientId: 'c' }
  for (const [client, status] of [
    [createClient(service.url), 401],
    [stranger, 404],
    [staff2, 404],
  ] as const) {
    t.equal((await client.get(`/api/chats/${id}/messages`)).status, status)
    t.equal((await say(client, id, body)).status, status)
  }
  t.same(
    [
      (await owner.post(`/api/chats/${id}/read`)).status,
      (await staff2.post(`/api/chats/${id}/read`)).status,
      (await owner.get('/api/theatres/1/chats')).status,
      (await staff2.get('/api/theatres/1/chats')).status,
    ],
    [403, 404, 403, 403],
  )
  for (const path of NO_IDS) {
    t.equal((await say(staff, path, body)).status, 404, path)
    t.equal((await staff.get(`/api/chats/${path}/messages`)).status, 404)
    t.equal((await staff.post(`/api/chats/${path}/read`)).status, 404)
  }
  for (const change of [
    { text: '' },
    { text: '   ' },
    { text: 'x'.repeat(2001) },
    { text: 'a\0b' },
    { text: '\ud800' },
    { text: 1 },
    { text: { not: '' } },
    { text: undefined },
    { clientId: '' },
    { clientId: 'x'.repeat(65) },
    { clientId: 'a\0' },
    { clientId: 1 },
    { clientId: undefined },
    { from: 'staff' },
    { senderId: 1 },
  ]) {
    const answer = await say(owner, id, { ...body, ...change })
    t.same(
      [answer.status, answer.body.error],
      [400, 'validation_failed'],
      JSON.stringify(change).slice(0, 60),
    )
  }
  for (const before of ['0', 'x', '-1', '1.5', '2147483648', '']) {
    t.equal((await staff.get(`/api/chats/${id}/messages?before=${before}`)).status, 400, before)
    t.equal((await staff.post(`/api/chats/${id}/read?upTo=${before}`)).status, 400)
  }
  t.equal(await service.db.chatMessage.count(), 0)
})
