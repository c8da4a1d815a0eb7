import type { Page } from 'playwright-core'
import t from 'tap'
import type { HallView, ManagedItemView, MenuItemView } from '../../src/protocol/views.js'
import { signIn } from '../helpers/sign-in.js'
import { until, untilSame } from '../helpers/until.js'
import { startSite, TABLET } from './site.js'

// The order of the menu by pointer, finger and keys, and what one manager sees of another's changes.

const site = await startSite(t)
// high enough for all rows: near an edge a drag scrolls
const screen = { ...TABLET, viewport: { width: 1180, height: 1600 } }
const manager = await site.staff({ ...screen, username: 'manager' })
const api = await signIn(site.url, 'admin')
/** how soon another manager's change shows */
const WITHIN = { timeout: 2000 }

/** Categories with their items, as the page shows them. */
const shown = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('[data-category]')].map((section) =>
    section.dataset.category + ': ' + [...section.querySelectorAll('li b')].map((name) => name.textContent).join(', '))`)
async function stored(): Promise<string[]> {
  const { menu } = (await api.get<{ menu: MenuItemView[] }>('/api/seats/demo-a1')).body
  const categories = new Map<string, string[]>()
  for (const { category, name } of menu) categories.set(category, [...(categories.get(category) ?? []), name])
  return [...categories].map(([category, names]) => `${category}: ${names.join(', ')}`)
}
const row = (page: Page, name: string) =>
  page.locator('[data-menu-item-id]').filter({ has: page.locator('b', { hasText: name }) })
const focused = (page: Page) =>
  page.evaluate(`[document.activeElement.closest('[data-menu-item-id]')?.querySelector('b').textContent,
    document.activeElement.closest('[data-action]')?.dataset.action]`)

async function openMenu(): Promise<Page> {
  await site.db.menuItem.updateMany({ where: { theatreId: 1 }, data: { listed: false } })
  const rows = { Snacks: ['Samosa', 'Chips', 'Nachos'], Drinks: ['Tea', 'Coffee'], Sweets: ['Kulfi'] }
  let position = 0
  for (const [category, names] of Object.entries(rows))
    for (const name of names)
      await site.db.menuItem.create({
        data: { theatreId: 1, name, category, price: 5000, position: position++ },
      })
  for (const other of manager.context.pages()) await other.close()
  const page = await manager.open('/theatre/manage/')
  await row(page, 'Kulfi').waitFor()
  return page
}

async function middleOf(page: Page, selector: string, name: string): Promise<{ x: number; y: number }> {
  const box = await row(page, name).locator(selector).first().boundingBox()
  if (!box) throw new Error(`${name} has no ${selector}`)
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

t.test('a mouse drags an item within its category and to another one, each with one request', async (t) => {
  const page = await openMenu()
  const sent: string[] = []
  page.on('request', (request) => {
    if (request.method() !== 'GET') sent.push(`${request.method()} ${new URL(request.url()).pathname}`)
  })
  const handle = await middleOf(page, '[data-drag-handle]', 'Samosa')
  const nachos = await middleOf(page, 'b', 'Nachos')
  await page.mouse.move(handle.x, handle.y)
  await page.mouse.down()
  await page.mouse.move(handle.x, nachos.y - 30, { steps: 5 })
  t.equal(await row(page, 'Nachos').getAttribute('data-drop'), 'before', 'where it would go')
  await page.mouse.up()
  const within = ['Snacks: Chips, Samosa, Nachos', 'Drinks: Tea, Coffee', 'Sweets: Kulfi']
  await untilSame(t, 'the page', () => shown(page), within)
  await untilSame(t, 'the service', stored, within)
  t.equal(sent.length, 1)

  await untilSame(t, 'what moved to settle', () => page.locator('[data-settling=true]').count(), 0)
  const chips = await middleOf(page, '[data-drag-handle]', 'Chips')
  const coffee = await middleOf(page, 'b', 'Coffee')
  await page.mouse.move(chips.x, chips.y)
  await page.mouse.down()
  await page.mouse.move(chips.x, coffee.y - 30, { steps: 8 })
  t.equal(await row(page, 'Coffee').getAttribute('data-drop'), 'before')
  await page.mouse.up()
  const across = ['Snacks: Samosa, Nachos', 'Drinks: Tea, Chips, Coffee', 'Sweets: Kulfi']
  await untilSame(t, 'the page', () => shown(page), across)
  await untilSame(t, 'the service', stored, across)
  t.equal(sent.length, 2)

  const kulfi = await middleOf(page, '[data-drag-handle]', 'Kulfi')
  await page.mouse.move(kulfi.x, kulfi.y)
  await page.mouse.down()
  await page.mouse.move(kulfi.x, coffee.y, { steps: 5 })
  await page.keyboard.press('Escape')
  await page.mouse.up()
  await page.mouse.click(kulfi.x, kulfi.y)
  t.equal(await page.locator('[data-drop], [data-dragged]').count(), 0)
  t.equal(sent.length, 2, 'Escape and a click move nothing')
  t.same(await shown(page), across)
})

t.test('a finger drags by the handle, and scrolls elsewhere', async (t) => {
  const page = await openMenu()
  const cdp = await manager.context.newCDPSession(page)
  const touch = (type: string, x: number, y: number) =>
    cdp.send('Input.dispatchTouchEvent', {
      type: type as 'touchStart',
      touchPoints: type === 'touchEnd' ? [] : [{ x, y }],
    })
  const from = await middleOf(page, '[data-drag-handle]', 'Tea')
  const to = await middleOf(page, 'b', 'Samosa')
  await touch('touchStart', from.x, from.y)
  for (const part of [0.25, 0.5, 0.75, 1])
    await touch('touchMove', from.x, from.y + (to.y - 20 - from.y) * part)
  await until(async () => (await row(page, 'Samosa').getAttribute('data-drop')) === 'before', 'the mark')
  await touch('touchEnd', 0, 0)
  const after = ['Snacks: Tea, Samosa, Chips, Nachos', 'Drinks: Coffee', 'Sweets: Kulfi']
  await untilSame(t, 'the page', () => shown(page), after)
  await untilSame(t, 'the service', stored, after)
})

t.test('keys move an item past the edge of its category, and the focus goes with it', async (t) => {
  const page = await openMenu()
  await row(page, 'Nachos').locator('[data-action=edit-item]').focus()
  await page.keyboard.press('Alt+ArrowDown')
  await untilSame(t, 'one on', () => shown(page), [
    'Snacks: Samosa, Chips',
    'Drinks: Nachos, Tea, Coffee',
    'Sweets: Kulfi',
  ])
  await untilSame(t, 'the focus', () => focused(page), ['Nachos', 'edit-item'])
  await page.locator('[data-announce=polite]', { hasText: 'Nachos: 1 of 3 in Drinks' }).waitFor()
  for (let step = 0; step < 3; step++) await page.keyboard.press('Alt+ArrowDown')
  const end = ['Snacks: Samosa, Chips', 'Drinks: Tea, Coffee', 'Sweets: Nachos, Kulfi']
  await untilSame(t, 'quick presses', stored, end)
  t.same(await focused(page), ['Nachos', 'edit-item'])
  const first = row(page, 'Samosa').locator('[data-action=move-up]')
  t.equal(await first.getAttribute('aria-disabled'), 'true')
  await first.press('Enter')
  t.same(await stored(), end)
})

t.test('the focus follows a row that another manager moves, and outlives one that is removed', async (t) => {
  const page = await openMenu()
  const { id } = await site.db.menuItem.findFirstOrThrow({ where: { name: 'Tea', listed: true } })
  await row(page, 'Tea').locator('[data-action=move-up]').focus()
  await api.post(`/api/menu-items/${id}/move`, { category: 'Sweets', before: null })
  await page.locator('[data-category=Sweets] b', { hasText: 'Tea' }).waitFor()
  t.same(await focused(page), ['Tea', 'move-up'])
  await api.delete(`/api/menu-items/${id}`)
  await row(page, 'Tea').waitFor({ state: 'detached' })
  t.equal(await page.evaluate('document.activeElement.id'), 'menu-title')
})

t.test('a category moves as a whole and is renamed', async (t) => {
  const page = await openMenu()
  const head = (name: string) => page.locator(`[data-category="${name}"] .category-head`)
  await head('Drinks').locator('[data-action=move-up]').click()
  const moved = ['Drinks: Tea, Coffee', 'Snacks: Samosa, Chips, Nachos', 'Sweets: Kulfi']
  await untilSame(t, 'the service', stored, moved)
  t.equal(await page.evaluate("document.activeElement.closest('[data-action]').dataset.action"), 'move-up')
  await head('Drinks').locator('[data-action=rename-category]').press('Alt+ArrowDown')
  await untilSame(t, 'by keys', stored, [moved[1], moved[0], moved[2]])
  await head('Sweets').locator('[data-action=rename-category]').click()
  const dialog = page.getByRole('dialog', { name: 'Rename Sweets' })
  await dialog.getByLabel('Category').fill('Drinks')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByRole('alert').filter({ hasText: 'There is already a category with this name.' }).waitFor()
  await dialog.getByLabel('Category').fill(' Desserts ')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  await untilSame(t, 'the new name', async () => (await stored()).at(-1), 'Desserts: Kulfi')
  await head('Desserts').waitFor()
  t.equal(await page.evaluate('document.activeElement.id'), 'menu-title', 'the focus is not lost')
})

t.test('a double tap moves one item, not two', async (t) => {
  const page = await openMenu()
  const button = row(page, 'Samosa').locator('[data-action=move-down]')
  await button.click({ trial: true })
  const { x, y } = await middleOf(page, '[data-action=move-down]', 'Samosa')
  await page.touchscreen.tap(x, y)
  await page.touchscreen.tap(x, y)
  await untilSame(t, 'the service', async () => (await stored())[0], 'Snacks: Chips, Samosa, Nachos')
  await row(page, 'Nachos').locator('[data-action=move-down]').click({ trial: true })
  t.same((await shown(page))[0], 'Snacks: Chips, Samosa, Nachos')
})

t.test('sold out for an hour and till the end of the day, by the theatre’s clock', async (t) => {
  const page = await openMenu()
  const tea = async () => await site.db.menuItem.findFirstOrThrow({ where: { name: 'Tea', listed: true } })
  await row(page, 'Tea').getByRole('switch').uncheck()
  const until = row(page, 'Tea').getByLabel('Tea: sold out until')
  await until.selectOption({ label: 'For an hour' })
  const minutes = async () =>
    Math.round(((await tea()).soldOutUntil?.getTime() ?? 0) / 60_000 - Date.now() / 60_000)
  await untilSame(t, 'an hour', async () => [59, 60].includes(await minutes()), true)
  await row(page, 'Tea')
    .locator('option', { hasText: /^Until \d/ })
    .waitFor({ state: 'attached' })
  await until.selectOption({ label: 'Till the end of the day' })
  await untilSame(
    t,
    'midnight in India',
    async () => (await tea()).soldOutUntil?.toISOString().slice(11, 19),
    '18:30:00',
  )
  const away = await site.staff({ ...screen, username: 'manager', timezoneId: 'America/New_York' })
  await row(await away.open('/theatre/manage/'), 'Tea')
    .locator('option', { hasText: /^Until .*, 12:00.am$/ })
    .waitFor({ state: 'attached' })
  await row(page, 'Tea').getByRole('switch').check()
  await until.waitFor({ state: 'detached' })
})

t.test('what another manager changes appears within 2 s, and what is being typed stays', async (t) => {
  const page = await openMenu()
  const item = (await api.get<{ menu: ManagedItemView[] }>('/api/theatres/1/menu')).body.menu.find(
    ({ name }) => name === 'Tea',
  )
  const path = `/api/menu-items/${item?.id}`
  await row(page, 'Tea').locator('[data-action=edit-item]').click()
  const form = page.getByRole('dialog', { name: 'Change Tea' })
  await form.getByLabel('Description').fill('With gin')
  await api.patch(path, { price: 7500, category: 'Snacks' })
  await row(page, 'Tea').getByText('₹75').waitFor(WITHIN)
  await untilSame(t, 'an untouched field', () => form.getByLabel('Price in rupees').inputValue(), '75')
  await form.getByLabel('Description').press('End')
  await page.keyboard.type('ger')
  t.equal(await form.getByLabel('Description').inputValue(), 'With ginger')
  await form.getByRole('button', { name: 'Save' }).click()
  await form.waitFor({ state: 'detached' })
  t.match(
    (await api.get<{ menu: ManagedItemView[] }>('/api/theatres/1/menu')).body.menu.find(
      ({ name }) => name === 'Tea',
    ),
    {
      price: 7500,
      category: 'Snacks',
      description: 'With ginger',
    },
  )

  await page.getByRole('radio', { name: 'Settings' }).check()
  await page.getByLabel('Text above each bill').fill('12 Marine')
  await api.patch('/api/theatres/1/settings', { lastOrders: 17 })
  const last = page.getByLabel('Last orders, minutes before closing')
  await untilSame(t, 'a setting', () => last.inputValue(), '17')
  t.equal(await page.getByLabel('Text above each bill').inputValue(), '12 Marine')
  await api.patch('/api/theatres/1/settings', { gstRate: 12 })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.locator('.saved', { hasText: 'Saved.' }).waitFor()
  t.match((await api.get('/api/theatres/1/settings')).body, {
    settings: { lastOrders: 17, gstRate: 12, receiptHeader: '12 Marine' },
  })

  await page.getByRole('radio', { name: 'Halls and seats' }).check()
  const hall = page.locator('.hall').first()
  await hall.locator('summary').click()
  await hall.getByLabel('Rows').fill('F')
  const made = await api.post<{ hall: HallView }>('/api/theatres/1/halls', {
    name: 'Screen 8',
    seats: ['A1'],
  })
  await page.locator('.hall', { hasText: 'Screen 8' }).waitFor(WITHIN)
  const [one] = await site.db.hall.findMany({ where: { theatreId: 1 }, orderBy: { id: 'asc' } })
  await api.patch(`/api/halls/${one?.id}`, { name: 'Gold' })
  await untilSame(t, 'the name', () => hall.getByLabel('Name').inputValue(), 'Gold')
  t.equal(await hall.getByLabel('Rows').inputValue(), 'F')
  await api.delete(`/api/halls/${made.body.hall.id}`)
  await page.locator('.hall', { hasText: 'Screen 8' }).waitFor({ state: 'detached', ...WITHIN })

  await page.getByRole('radio', { name: 'Staff' }).check()
  await page.getByLabel('Username').fill('half a na')
  await api.post('/api/theatres/1/staff', { username: 'newcomer', password: 'a-password-of-ours' })
  await page.locator('.rows b', { hasText: 'newcomer' }).waitFor(WITHIN)
  t.equal(await page.getByLabel('Username').inputValue(), 'half a na')
})

t.test(
  'what others change is sent to an open page, which asks for nothing: asking would prolong its session',
  async (t) => {
    const page = await openMenu()
    const tea = await site.db.menuItem.findFirstOrThrow({ where: { name: 'Tea', listed: true } })
    const price = (paise: number) => api.patch(`/api/menu-items/${tea.id}`, { price: paise })
    await price(6000)
    await row(page, 'Tea').getByText('₹60').waitFor()
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await price(6100)
    await row(page, 'Tea').getByText('₹61').waitFor(WITHIN)
    t.same(asked, [])
  },
)

t.test('without a connection the page says that changes of others don’t arrive', async (t) => {
  const page = await openMenu()
  const note = page.locator('[data-current]')
  await untilSame(t, 'at first', () => note.getAttribute('data-current'), 'true')
  await manager.context.setOffline(true)
  await note.getByText('Changes by others aren’t arriving right now.').waitFor()
  await manager.context.setOffline(false)
  await untilSame(t, 'again', () => note.getAttribute('data-current'), 'true')
  t.strictSame(site.pageErrors, [])
})
