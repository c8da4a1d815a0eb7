import type { Page } from 'playwright-core'
import t from 'tap'
import type { ManagedItemView } from '../../src/protocol/views.js'
import { countLockWaits, lockTable, untilLockWait } from '../helpers/lock-waits.js'
import { signIn } from '../helpers/sign-in.js'
import { until, untilSame } from '../helpers/until.js'
import { linkIs, startSite, TABLET } from './site.js'

// The service reads a theatre for the open pages, and a page's own change is saved before what was read arrives: the page
// must not show the old state again.

const site = await startSite(t)
const manager = await signIn(site.url, 'manager')

/** Records a text of the page after each change of its elements. `script` returns the text. */
async function record(page: Page, script: string): Promise<() => Promise<string[]>> {
  await page.evaluate(`{
    const text = () => ${script}
    const texts = (window.recorded = [text()])
    new MutationObserver(() => text() !== texts.at(-1) && texts.push(text()))
      .observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
  }`)
  return () => page.evaluate<string[]>('window.recorded')
}

/**
 * Changes the theatre while what the service reads of it next must wait for a table. The returned function lets that read
 * end, and holds up the one after it until the page has shown or dropped the result.
 */
async function holdRead(page: Page, table: string): Promise<() => Promise<void>> {
  let received = 0
  const browser = await page.context().newCDPSession(page)
  browser.on('Network.eventSourceMessageReceived', () => received++)
  await browser.send('Network.enable')
  const release = await lockTable(site.db, table)
  // the service looks for changes every second
  await site.db.$executeRaw`
    WITH dearer AS (UPDATE menu_items SET price = price + 100 WHERE theatre_id = 1)
    UPDATE theatres SET version = version + 1 WHERE id = 1`
  await untilLockWait(site.db)
  return async () => {
    const before = received
    // locks are granted in the order in which they were asked for
    const next = lockTable(site.db, table)
    await until(async () => (await countLockWaits(site.db)) > 1, 'the next lock to be asked for')
    await release()
    const releaseNext = await next
    const isSent = async () => received > before || (await countLockWaits(site.db)) > 0
    await until(isSent, 'an event, or the read after it')
    for (let frame = 0; frame < 5; frame++) await page.evaluate('new Promise(requestAnimationFrame)')
    await releaseNext()
  }
}

const menu = async (): Promise<ManagedItemView[]> =>
  (await manager.get<{ menu: ManagedItemView[] }>('/api/theatres/1/menu')).body.menu

t.test('a moved item stays where it is, with the focus', async (t) => {
  const page = await (await site.staff({ ...TABLET, username: 'manager' })).open('/theatre/manage/')
  const rows = page.locator('[data-menu-item-id]')
  await rows.first().waitFor()
  const id = Number(await rows.first().getAttribute('data-menu-item-id'))
  const edit = page.locator(`[data-menu-item-id="${id}"] [data-action=edit-item]`)
  await edit.focus()
  const recorded = await record(page, "document.querySelector('[data-menu-item-id]').dataset.menuItemId")
  const release = await holdRead(page, 'halls')
  const read = page.waitForResponse(/\/theatres\/1\/menu$/)
  for (let step = 0; step < 4; step++) await page.keyboard.press('Alt+ArrowDown')
  await untilSame(
    t,
    'the service has it',
    async () => (await menu()).findIndex((item) => item.id === id) > 0,
    true,
  )
  await read
  await release()
  // a later event: all that was read before has been shown or dropped by then
  await manager.patch(`/api/menu-items/${id}`, { price: 12_300 })
  await page.locator(`[data-menu-item-id="${id}"]`).getByText('₹123').waitFor()
  const [before, ...after] = await recorded()
  t.equal(before, String(id))
  t.ok(after.length > 0)
  t.notOk(after.includes(String(id)), `first in the list: ${[before, ...after].join(', ')}`)
  t.equal(
    await page.evaluate("document.activeElement.closest('[data-menu-item-id]')?.dataset.menuItemId"),
    String(id),
  )
})

t.test('a saved setting stays', async (t) => {
  const page = await (await site.staff({ ...TABLET, username: 'manager' })).open('/theatre/manage/')
  await page.getByRole('radio', { name: 'Settings' }).check()
  const header = page.getByLabel('Text above each bill')
  await header.fill('7 Hill Road')
  // Preact sets the value, which no observer sees
  await page.evaluate(`{
    const { get, set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')
    window.values = []
    Object.defineProperty(document.querySelector('[name=receiptHeader]'), 'value', {
      get() { return get.call(this) },
      set(text) { values.push(text), set.call(this, text) },
    })
  }`)
  const release = await holdRead(page, 'halls')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.locator('.saved', { hasText: 'Saved.' }).waitFor()
  await release()
  await manager.patch('/api/theatres/1/settings', { lastOrders: 17, receiptHeader: '8 Hill Road' })
  await untilSame(t, 'a later event', () => header.inputValue(), '8 Hill Road')
  const values = await page.evaluate<string[]>('window.values')
  t.same(
    values.filter((value) => !value.includes('Hill Road')),
    [],
  )
})

t.test('ordering that staff paused is not shown as open again', async (t) => {
  const board = await (await site.staff(TABLET)).open('/theatre/live-orders/')
  await linkIs(board)
  const button = board.locator('[data-action=ordering]')
  await button.waitFor()
  const release = await holdRead(board, 'pictures')
  await button.click()
  const recorded = await record(board, "document.querySelector('[data-action=ordering]').dataset.accepting")
  await board.getByRole('button', { name: 'Until I say so' }).click()
  await board.locator('[data-action=ordering][data-accepting=false]').waitFor()
  await release()
  await manager.post('/api/theatres/1/pause', { minutes: 30 })
  await board.getByRole('button', { name: /^No orders until/ }).waitFor()
  t.same(await recorded(), ['true', 'false'])
})

t.test('no page reported an error', async (t) => {
  t.strictSame(site.pageErrors, [])
})
