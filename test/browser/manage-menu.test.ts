import type { Page } from 'playwright-core'
import t from 'tap'
import type { ManagedItemView } from '../../src/protocol/views.js'
import { createClient } from '../helpers/http-client.js'
import { signIn } from '../helpers/sign-in.js'
import { untilSame } from '../helpers/until.js'
import { PHONE, startSite, TABLET } from './site.js'

// The menu as a manager changes it, beside a phone that has it open.

const site = await startSite(t)
const manager = await site.staff({ ...TABLET, username: 'manager' })
const api = await signIn(site.url, 'manager')
const menu = async () => (await api.get<{ menu: ManagedItemView[] }>('/api/theatres/1/menu')).body.menu
const itemOf = async (name: string) => (await menu()).find((item) => item.name === name)
/** how soon open phones show a change */

const row = (page: Page, name: string) =>
  page.locator('[data-menu-item-id]').filter({ has: page.locator('b', { hasText: name }) })
const dish = (page: Page, name: string) =>
  page.locator('.dish').filter({ has: page.getByRole('heading', { name, exact: false }) })
const problemOf = (page: Page, label: string) =>
  page.getByLabel(label, { exact: true }).evaluate((input) => {
    const id = input.getAttribute('aria-describedby')
    return id && document.getElementById(id)?.textContent
  })
const focusedAction = (page: Page) =>
  page.evaluate("document.activeElement.closest('[data-action]')?.dataset.action")

async function openMenu(): Promise<Page> {
  // each open page has a stream, and a browser has six connections to a host
  for (const other of manager.context.pages()) await other.close()
  const page = await manager.open('/theatre/manage/')
  await page.locator('[data-menu-item-id]').first().waitFor()
  return page
}

t.test('an item with options is added, and an open phone offers it', async (t) => {
  const phone = await (await site.visitor(PHONE)).open('/s/demo-a1')
  await phone.locator('.dish').first().waitFor()
  const page = await openMenu()
  await page.getByRole('button', { name: 'Add an item' }).click()
  const form = page.getByRole('dialog', { name: 'Add an item' })
  await form.getByLabel('Name', { exact: true }).fill(' Filter Coffee ')
  await form.getByLabel('Price in rupees').fill('₹ १२०.५०')
  await form.getByLabel('Category').fill('Hot drinks')
  await form.getByLabel('Diet').selectOption({ label: 'Vegetarian' })
  await form.getByLabel('Description').fill('Brewed slowly')
  await form.getByRole('button', { name: 'Add an option' }).click()
  const option = form.getByRole('group', { name: 'Option 1' })
  t.equal(await page.evaluate('document.activeElement.name'), 'optionName', 'what was added has the focus')
  await page.keyboard.type('Cup')
  await option.getByLabel('Choose at least').fill('1')
  await option.getByLabel('Choice 1').fill('Small')
  await option.getByRole('button', { name: 'Add a choice' }).click()
  await page.keyboard.type('Large')
  await option.getByLabel('Extra price in rupees').nth(1).fill('30')
  await form.getByRole('button', { name: 'Save' }).click()
  await dish(phone, 'Filter Coffee').waitFor()
  await form.waitFor({ state: 'detached' })
  await row(page, 'Filter Coffee').waitFor()
  t.match(await itemOf('Filter Coffee'), {
    price: 12_050,
    category: 'Hot drinks',
    diet: 'vegetarian',
    description: 'Brewed slowly',
    options: [
      {
        name: 'Cup',
        min: 1,
        max: 1,
        choices: [
          { name: 'Small', price: 0 },
          { name: 'Large', price: 3000 },
        ],
      },
    ],
  })
  await phone.getByRole('button', { name: 'Add one Filter Coffee' }).click()
  await phone.getByRole('radio', { name: /Large/ }).check()
  await phone.getByRole('button', { name: 'Add for ₹150.50' }).waitFor()
})

t.test('a refused price says so at its field; a right one reaches the phone', async (t) => {
  const phone = await (await site.visitor(PHONE)).open('/s/demo-a2')
  await dish(phone, 'Masala Chai').waitFor()
  const page = await openMenu()
  await page.getByRole('button', { name: 'Change Masala Chai' }).click()
  const form = page.getByRole('dialog', { name: 'Change Masala Chai' })
  const price = form.getByLabel('Price in rupees')
  t.equal(await price.inputValue(), '80')
  for (const wrong of ['', '0', 'twelve', '1000000', '120,50']) {
    await price.fill(wrong)
    await form.getByRole('button', { name: 'Save' }).click()
    await untilSame(
      t,
      `the problem of “${wrong}”`,
      () => problemOf(page, 'Price in rupees'),
      'Enter a price in rupees above 0, such as 120 or 99.50, up to ₹1,00,000.',
    )
    t.equal(await page.evaluate('document.activeElement.name'), 'price')
  }
  t.equal((await itemOf('Masala Chai'))?.price, 8000, 'nothing is saved')
  await price.fill('95')
  t.equal(await problemOf(page, 'Price in rupees'), null, 'it goes when the price is right')
  await page.keyboard.press('Enter')
  await dish(phone, 'Masala Chai').getByText('₹95').waitFor()
  await row(page, 'Masala Chai').getByText('₹95').waitFor()
  t.equal(await focusedAction(page), 'edit-item', 'the focus is back')
})

t.test('a change sends what was changed: what others changed meanwhile stays', async (t) => {
  const page = await openMenu()
  await page.getByRole('button', { name: 'Change Milkshake' }).click()
  const form = page.getByRole('dialog', { name: 'Change Milkshake' })
  await form.getByLabel('Description').fill('With ice cream')
  const before = await itemOf('Milkshake')
  await api.patch(`/api/menu-items/${before?.id}`, { price: 21_000 })
  await form.getByRole('button', { name: 'Save' }).click()
  await form.waitFor({ state: 'detached' })
  const now = { ...before, price: 21_000, description: 'With ice cream' }
  t.same(await itemOf('Milkshake'), now)
  await row(page, 'Milkshake').getByText('₹210').waitFor()
  await page.getByRole('button', { name: 'Change Milkshake' }).click()
  await form.getByRole('button', { name: 'Save' }).click()
  await form.waitFor({ state: 'detached' })
  t.same(await itemOf('Milkshake'), now, 'nothing to save is no error')
})

t.test('the bill of an order names what was chosen', async (t) => {
  const { id = 0 } = (await itemOf('Milkshake')) ?? {}
  const options = [
    { group: 'Flavour', choice: 'Mango' },
    { group: 'Size', choice: 'Large' },
  ]
  const placed = await createClient(site.url).post<{ order: { id: number } }>('/api/seats/demo-c1/orders', {
    items: [{ menuItemId: id, quantity: 1, options }],
    paymentMethod: 'cash',
  })
  await api.post(`/api/orders/${placed.body.order.id}/collect-cash`)
  const page = await manager.open(`/orders/${placed.body.order.id}/receipt`)
  const line = page.locator('.tax-bill tbody th')
  await line.waitFor()
  t.equal(await line.innerText(), 'Milkshake\nMango, Large')
})

t.test('what the service refuses stands at its field too, and options are checked', async (t) => {
  const page = await openMenu()
  await page.getByRole('button', { name: 'Change Masala Chai' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Name', { exact: true }).fill('Salted Popcorn')
  await form.getByRole('button', { name: 'Save' }).click()
  const name = () => problemOf(page, 'Name')
  await untilSame(t, 'a name of another item', name, 'The menu already has an item with this name.')
  await form.getByLabel('Name', { exact: true }).fill('Masala Chai')
  await form.getByRole('button', { name: 'Add an option' }).click()
  await form.getByLabel('Name of the option').fill('Milk')
  await form.getByLabel('Choose at least').fill('2')
  await form.getByLabel('Choose at most').fill('2')
  await form.getByLabel('Choice 1').fill('Oat')
  await form.getByRole('button', { name: 'Save' }).click()
  const least = () => problemOf(page, 'Choose at least')
  await untilSame(t, 'more than there are', least, 'There are fewer choices than this.')
  await form.locator('[data-action=remove-choice]:not([data-settling=true])').click()
  t.equal(await focusedAction(page), 'add-choice')
  await form.getByText('Add at least one choice.').waitFor()
  await form.locator('[data-action=remove-option]:not([data-settling=true])').click()
  t.equal(await focusedAction(page), 'add-option')
  await form.getByRole('button', { name: 'Cancel' }).click()
  t.same((await itemOf('Masala Chai'))?.options, [])
})

t.test('items move in their category by buttons and by keys, and keep the focus', async (t) => {
  const page = await openMenu()
  const before = await menu()
  const { category = '' } = before.find((item) => item.name === 'Salted Popcorn') ?? {}
  const names = (items: readonly { category: string; name: string }[]) =>
    items.filter((item) => item.category === category).map(({ name }) => name)
  const [first = '', second = '', ...rest] = names(before)
  const now = async () => names(await menu())
  t.ok(second, 'there is something to move')
  await row(page, first).locator('[data-action=move-down]').click()
  await untilSame(t, 'one down', now, [second, first, ...rest])
  t.equal(await focusedAction(page), 'move-down')
  await page.keyboard.press('Alt+ArrowUp')
  await untilSame(t, 'up by keys', now, [first, second, ...rest])
  t.equal(await row(page, first).locator('[data-action=move-up]').getAttribute('aria-disabled'), 'true')
  await page.keyboard.press('Alt+ArrowUp')
  await page.keyboard.press('Alt+ArrowDown')
  await page.keyboard.press('Alt+ArrowUp')
  await page.keyboard.press('Alt+ArrowDown')
  await untilSame(t, 'quick presses keep their order', now, [second, first, ...rest])
  const phone = await (await site.visitor(PHONE)).open('/s/demo-a4')
  await dish(phone, first).waitFor()
  const shown = (await phone.locator('.dish h3').allTextContents()).map((name) => name.trim())
  t.ok(shown.indexOf(second) < shown.indexOf(first), 'phones follow')
  t.same(
    (await menu()).map(({ position }) => position).sort((a, b) => a - b),
    before.map(({ position }) => position),
    'no other item moved',
  )
})

t.test('sold out and available again, on the phone too', async () => {
  const phone = await (await site.visitor(PHONE)).open('/s/demo-a5')
  const page = await openMenu()
  const isOn = row(page, 'Masala Chai').getByRole('switch')
  await isOn.uncheck()
  await phone.locator('.dish[data-available=false]', { hasText: 'Masala Chai' }).waitFor()
  await isOn.check()
  await phone.locator('.dish[data-available=true]', { hasText: 'Masala Chai' }).waitFor()
})

t.test('an item is removed after a question, and leaves the phone', async (t) => {
  const phone = await (await site.visitor(PHONE)).open('/s/demo-b1')
  await dish(phone, 'Filter Coffee').waitFor()
  const page = await openMenu()
  await page.getByRole('button', { name: 'Remove Filter Coffee' }).click()
  await page.getByText('Past orders keep it.').waitFor()
  t.ok(await itemOf('Filter Coffee'), 'not before it is confirmed')
  await page.locator('[data-action=confirm]:not([data-settling=true])').click()
  await dish(phone, 'Filter Coffee').waitFor({ state: 'detached' })
  await row(page, 'Filter Coffee').waitFor({ state: 'detached' })
  t.equal(await page.evaluate('document.activeElement.id'), 'menu-title', 'the focus is not lost')
})

t.test('200 items, on a phone: search, and nothing shifts while it loads', async (t) => {
  await site.db.menuItem.createMany({
    data: Array.from({ length: 200 }, (_, at) => ({
      theatreId: 1,
      name: `Dish ${at}`,
      category: `Kitchen ${at % 8}`,
      price: 10_000,
      position: 100 + at,
    })),
  })
  const { context, open } = await site.staff({ ...PHONE, username: 'manager' })
  await context.addInitScript(`window.shifted = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifted += entry.value
    }).observe({ type: 'layout-shift', buffered: true })`)
  const page = await open('/theatre/manage/')
  await row(page, 'Dish 199').waitFor()
  const shifted = Number(await page.evaluate('window.shifted'))
  t.ok(shifted < 0.1, `layout shift ${shifted}`)
  await page.getByRole('searchbox', { name: 'Search the menu' }).fill('kitchen 3  DISH 67')
  await row(page, 'Dish 199').waitFor({ state: 'detached' })
  t.equal(await page.locator('[data-menu-item-id]').count(), 1)
  await row(page, 'Dish 67').getByText('9.').waitFor()
  await row(page, 'Dish 67').locator('[data-action=move-up]').click()
  await row(page, 'Dish 67').getByText('8.').waitFor()
  await page.getByRole('searchbox').fill('pizza')
  await page.getByText('Nothing on the menu matches “pizza”.').waitFor()
})

t.test('a move that fails is taken back and says so at the item; no page reported an error', async (t) => {
  const page = await openMenu()
  const shown = () => page.locator('[data-menu-item-id] b').allTextContents()
  const before = await shown()
  await page.route('**/api/menu-items/*/move', (route) =>
    route.fulfill({ status: 403, json: { error: 'forbidden', message: 'No.' } }),
  )
  const first = page.locator('[data-menu-item-id]').first()
  const id = await first.getAttribute('data-menu-item-id')
  await first.locator('[data-action=move-down]').click()
  await page.locator(`[data-menu-item-id="${id}"]`).getByRole('alert').waitFor()
  await untilSame(t, 'the order is the service’s', shown, before)
  t.strictSame(site.pageErrors, [])
})
