import type { Page } from 'playwright-core'
import t from 'tap'
import { orderFrom, sendMessage } from '../helpers/customers.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// A theatre's times are its own on every page: a phone that still has another zone's time shows no other time than the till.

const site = await startSite(t)
const ZONE = 'Asia/Kolkata'
/** half an hour apart from the theatre's zone, as well as hours */
const ELSEWHERE = { timezoneId: 'America/New_York' }
const format = new Intl.DateTimeFormat('en-IN', { timeStyle: 'short', timeZone: ZONE })
const MINUTE_MS = 60_000

/** What the theatre's clock shows now, a minute earlier or later. */
const around = (at: number): string[] =>
  [-1, 0, 1].map((minutes) => format.format(new Date(at + minutes * MINUTE_MS)))

async function showsTime(page: Page, selector: string, at: number, what: string): Promise<void> {
  const text = (await page.locator(selector).first().innerText()).replace(/\s+/g, ' ')
  const times = around(at).map((time) => time.replace(/\s+/g, ' '))
  t.ok(
    times.some((time) => text.includes(time)),
    `${what}: “${text}” has one of ${times.join(', ')}`,
  )
}

t.test('all times of a theatre are in its own zone', async () => {
  await site.db.theatre.update({ where: { id: 1 }, data: { timeZone: ZONE } })
  const { client, orderId } = await orderFrom(site.url, 'demo-a1', { 'Masala Chai': 1 }, 'cash')
  await sendMessage(client, orderId, 'Where is it?')
  const customer = await site.visitor({ ...PHONE, ...ELSEWHERE })
  await customer.context.addCookies(
    [...client.cookies].map(([name, value]) => ({ name, value, url: site.url })),
  )
  const order = await customer.open(`/orders/${orderId}`)
  await linkIs(order)
  await showsTime(order, '[data-step=confirmed] .step-time', Date.now(), 'the order’s progress')
  await showsTime(order, '.bubble time', Date.now(), 'its conversation')
  await showsTime(order, '.link-detail', Date.now(), 'since when its link is live')

  const staff = await site.staff({ ...TABLET, ...ELSEWHERE })
  const board = await staff.open('/theatre/live-orders/')
  await linkIs(board)
  await board.locator('.ticket').waitFor()
  await showsTime(board, '.bar .link-detail', Date.now(), 'since when the board is live')
  const chat = await staff.open(`/theatre/chat/#${orderId}`)
  await linkIs(chat)
  await chat.locator('.bubble').waitFor()
  await showsTime(chat, '.chat-when', Date.now(), 'the list of conversations')
  await showsTime(chat, '.bubble time', Date.now(), 'the staff’s conversation')
  await showsTime(chat, '.bar .link-detail', Date.now(), 'since when the chat desk is live')

  const paused = await staff.context.request.post('/api/theatres/1/pause', { data: { minutes: 30 } })
  const { theatre } = await paused.json()
  const menu = await customer.open('/s/demo-a1')
  await menu.locator('.cart-bar').waitFor()
  await showsTime(
    menu,
    '.cart-bar [role=status]',
    Date.parse(theatre.reopensAt),
    'when it takes orders again',
  )
})
