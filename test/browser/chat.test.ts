import t from 'tap'
import { orderFrom, sendMessage } from '../helpers/customers.js'
import { signIn } from '../helpers/sign-in.js'
import { until } from '../helpers/until.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// A conversation between a customer's phone and the theatre's tablets.

const site = await startSite(t)
const guest = await orderFrom(site.url, 'demo-c7', { 'Paneer Tikka Roll': 1 })
const staff = await site.staff(TABLET)
const customer = await site.visitor(PHONE)
await customer.context.addCookies(
  [...guest.client.cookies].map(([name, value]) => ({ name, value, url: site.url })),
)
const phone = await customer.open(`/orders/${guest.orderId}`)
const board = await staff.open('/theatre/live-orders/')
const chat = await staff.open('/theatre/chat/')
await Promise.all([phone, board, chat].map((page) => linkIs(page)))
const row = (id: number) => chat.locator(`.chat-row[data-chat-id="${id}"]`)

t.test('a customer’s message is on every staff screen, counted as unread and announced', async (t) => {
  await phone.getByRole('textbox', { name: 'Message' }).fill('Without onion, please?')
  await phone.getByRole('button', { name: 'Send' }).click()
  await phone.locator('.bubble.mine[data-message-id]', { hasText: 'Without onion, please?' }).waitFor()
  for (const page of [board, chat]) {
    await page.locator('.bar .badge[data-unread="1"]').waitFor()
    const announced = page.locator('[data-announce=polite]', {
      hasText: 'New message from Screen 1, seat C7',
    })
    await announced.waitFor({ state: 'attached' })
  }
  await row(guest.orderId).getByText('Without onion, please?').waitFor()
  t.equal(await row(guest.orderId).getAttribute('data-unread'), '1')
})

t.test('opening a conversation marks it as read, also in other tabs', async () => {
  await row(guest.orderId).click()
  await chat.locator('.bubble', { hasText: 'Without onion, please?' }).waitFor()
  for (const page of [board, chat]) await page.locator('.bar .badge').waitFor({ state: 'detached' })
})

t.test('a reply by the staff is shown and announced on the phone', async (t) => {
  await chat.getByRole('textbox', { name: 'Message' }).fill('Of course.')
  await chat.keyboard.press('Enter')
  await chat.locator('.bubble.mine[data-message-id]', { hasText: 'Of course.' }).waitFor()
  await phone.locator('.bubble[data-from=staff]', { hasText: 'Of course.' }).waitFor()
  const announced = phone.locator('[data-announce=polite]', { hasText: 'Staff replied: Of course.' })
  await announced.waitFor({ state: 'attached' })
  t.equal(await chat.getByRole('textbox', { name: 'Message' }).inputValue(), '')
})

t.test('a ticket leads to its conversation, even without messages', async () => {
  await orderFrom(site.url, 'demo-e5', { 'Masala Chai': 1 })
  await board.getByRole('link', { name: 'Chat with seat E5' }).click()
  await board.getByRole('heading', { level: 2, name: 'E5 Screen 1' }).waitFor()
  await board.getByText('No messages yet.').waitFor()
  await board.getByRole('textbox', { name: 'Message' }).fill('Sugar?')
  await board.keyboard.press('Enter')
  await board.locator('.bubble.mine[data-message-id]', { hasText: 'Sugar?' }).waitFor()
  await board.goto('/theatre/live-orders/')
  await linkIs(board)
})

t.test('a message that is sent while the history is on its way stays on the screen', async (t) => {
  const { orderId } = await orderFrom(site.url, 'demo-e6', { 'Masala Chai': 1 })
  const answers: (() => Promise<void>)[] = []
  await board.route(`**/api/chats/${orderId}/messages*`, async (route) => {
    if (route.request().method() !== 'GET') return route.continue()
    const response = await route.fetch()
    answers.push(() => route.fulfill({ response }))
  })
  await board.goto(`/theatre/chat/#${orderId}`)
  await board.getByRole('textbox', { name: 'Message' }).fill('With milk?')
  await until(() => answers.length > 0, 'the history as it was before the message')
  await board.keyboard.press('Enter')
  const stored = board.locator('.bubble.mine[data-message-id]', { hasText: 'With milk?' })
  await stored.waitFor()
  for (const answer of answers) await answer()
  await board.unroute(`**/api/chats/${orderId}/messages*`)
  await board.getByRole('textbox', { name: 'Message' }).fill('And sugar?')
  await board.keyboard.press('Enter')
  await board.locator('.bubble.mine[data-message-id]', { hasText: 'And sugar?' }).waitFor()
  t.equal(await stored.count(), 1)
  await board.goto('/theatre/live-orders/')
  await linkIs(board)
})

t.test('messages are plain text: no markup, no direction marks', async (t) => {
  await sendMessage(
    guest.client,
    guest.orderId,
    '<img src=x onerror="document.title=1"> \u202Edlrow olleh & <b>so</b>',
  )
  const bubble = chat.locator('.bubble', { hasText: 'dlrow' })
  await bubble.waitFor()
  t.equal(
    await bubble.locator('p').textContent(),
    '<img src=x onerror="document.title=1"> dlrow olleh & <b>so</b>',
  )
  t.equal(await bubble.locator('p *').count(), 0)
})

t.test('unanswered conversations are listed first; a reply moves one down', async (t) => {
  const other = await orderFrom(site.url, 'demo-d2', { 'Cold Coffee': 1 })
  await sendMessage(other.client, other.orderId, 'Two straws?')
  await row(other.orderId).waitFor()
  const first = () => chat.locator('.chat-row').first().getAttribute('data-chat-id')
  t.equal(await first(), String(guest.orderId), 'the longest waiting first')
  await chat.getByRole('textbox', { name: 'Message' }).fill('Understood.')
  await chat.keyboard.press('Enter')
  await chat.locator(`.chat-list li:first-child [data-chat-id="${other.orderId}"]`).waitFor()
})

t.test('text that was typed and not sent is still there after a look at another conversation', async () => {
  const draft = 'We are out of straws, would a'
  const message = chat.getByRole('textbox', { name: 'Message' })
  await message.fill(draft)
  await chat.locator('.chat-row:not([aria-current])').first().click()
  await until(async () => (await message.inputValue()) === '', 'the other conversation’s empty field')
  await chat.goBack()
  await until(async () => (await message.inputValue()) === draft, 'the draft')
  await message.fill('')
})

t.test('a long link makes no page wider than its screen', async (t) => {
  const link = `https://example.com/${'long'.repeat(200)}`
  for (const page of [phone, chat]) {
    const message = page.getByRole('textbox', { name: 'Message' })
    const tooWide = () =>
      page.evaluate<number>(`document.documentElement.scrollWidth - ${page.viewportSize()?.width}`)
    await message.fill(link)
    t.equal(await tooWide(), 0, 'typed')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.locator('.bubble.mine[data-message-id]', { hasText: link }).waitFor()
    t.equal(await tooWide(), 0, 'sent')
  }
})

t.test('a long conversation opens at its end; earlier messages load on demand', async (t) => {
  const talker = await orderFrom(site.url, 'demo-b6', { 'Samosa Chaat': 1 })
  const desk = await signIn(site.url, 'staff')
  const all = Array.from({ length: 120 }, (_, at) => at + 1)
  for (const at of all) {
    await sendMessage(at % 2 ? talker.client : desk, talker.orderId, `Line ${at}.`)
  }
  await row(talker.orderId).click()
  await chat.getByText('Line 120.', { exact: true }).last().waitFor()
  const bubbles = chat.locator('.chat-open .bubble')
  const lines = async () =>
    (await bubbles.locator('p').allTextContents()).map((text) => Number(/\d+/.exec(text)?.[0]))
  const older = chat.getByRole('button', { name: 'Show earlier messages' })
  for (let shown = await bubbles.count(); shown < 120; shown = await bubbles.count()) {
    t.same(await lines(), all.slice(-shown), `the last ${shown}, in order`)
    await older.click()
    await bubbles.nth(shown).waitFor()
  }
  t.same(await lines(), all, 'each message exactly once')
  await older.waitFor({ state: 'detached' })

  const phones = await site.visitor(PHONE)
  await phones.context.addCookies(
    [...talker.client.cookies].map(([name, value]) => ({ name, value, url: site.url })),
  )
  const page = await phones.open(`/orders/${talker.orderId}`)
  await page.getByText('Line 120.', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Show earlier messages' }).click()
  await page
    .getByText('Line 1.', { exact: true })
    .or(page.getByRole('button', { name: 'Show earlier messages' }))
    .first()
    .waitFor()
})

t.test('reading on another tablet updates the unread count here too, without an HTTP request', async (t) => {
  const fresh = await orderFrom(site.url, 'demo-a4', { 'Masala Chai': 1 })
  const desk = await signIn(site.url, 'staff')
  const { body } = await desk.get<{ chats: { unread: number }[] }>('/api/theatres/1/chats')
  const others = body.chats.reduce((sum, { unread }) => sum + unread, 0)
  const badge = (count: number) =>
    page.locator(count > 0 ? `.bar .badge[data-unread="${count}"]` : '.bar nav:not(:has(.badge))')
  const other = await site.staff(TABLET)
  const page = await other.open('/theatre/live-orders/')
  await linkIs(page)
  await sendMessage(fresh.client, fresh.orderId, 'Hello?')
  await badge(others + 1).waitFor()
  const asked: string[] = []
  // The address bar's icon comes without a session, whenever the browser asks for it.
  page.on('request', (request) => request.url().includes('/assets/') || asked.push(request.url()))
  await desk.post(`/api/chats/${fresh.orderId}/read`)
  await badge(others).waitFor()
  t.strictSame(asked, [], 'a screen that is not used must not prolong its session')
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
