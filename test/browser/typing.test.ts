import type { CDPSession, Page } from 'playwright-core'
import t from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import { untilSame } from '../helpers/until.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// What people type and paste: blanks around names, phones from elsewhere, input methods, other layouts.

const site = await startSite(t)

/** Presses a key as the keyboard of another layout or an input method reports it. */
async function press(cdp: CDPSession, key: { code: string; key: string; keyCode: number }): Promise<void> {
  const event = { code: key.code, key: key.key, windowsVirtualKeyCode: key.keyCode }
  await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...event })
  await cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
}

/** Safari marks the Enter that accepts an input method's word by its code only. */
const ACCEPT = { code: 'Enter', key: 'Enter', keyCode: 229 }

/** Composes a word in the focused field, and accepts it with Enter, as input methods do. */
async function compose(cdp: CDPSession, word: string): Promise<void> {
  await cdp.send('Input.imeSetComposition', {
    text: word,
    selectionStart: word.length,
    selectionEnd: word.length,
  })
  await press(cdp, { ...ACCEPT, keyCode: 13 })
  await cdp.send('Input.insertText', { text: word })
  await press(cdp, ACCEPT)
}

t.test('a user name with blanks and marks around it', async () => {
  for (const name of ['staff ', ' Staff', 'staff\u00a0', '\u200fstaff\u200e']) {
    const page = await (await site.visitor(TABLET)).open('/login')
    await page.getByLabel('Username').fill(name)
    await page.getByLabel('Password', { exact: true }).fill(DEMO_PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await linkIs(page)
  }
})

t.test('the Enter that accepts an input method’s word sends nothing', async (t) => {
  const guest = await orderFrom(site.url, 'demo-a1', { 'Masala Chai': 1 })
  const staff = await site.staff(TABLET)
  const page = await staff.open(`/theatre/chat/#${guest.orderId}`)
  await linkIs(page)
  const cdp = await staff.context.newCDPSession(page)
  const field = page.getByRole('textbox', { name: 'Message' })
  await field.focus()
  await compose(cdp, 'नमस्ते')
  t.match(await field.inputValue(), /^नमस्ते/)
  t.equal(await page.locator('.bubble').count(), 0)
  await page.keyboard.press('Enter')
  await page.locator('.bubble.mine[data-message-id]', { hasText: 'नमस्ते' }).waitFor()
  t.equal(await site.db.chatMessage.count(), 1)
})

t.test('in the login it does not sign in either', async (t) => {
  const visitor = await site.visitor(TABLET)
  const page = await visitor.open('/login')
  let logins = 0
  page.on('request', (request) => {
    if (request.url().endsWith('/api/auth/login')) logins += 1
  })
  await page.getByLabel('Password', { exact: true }).fill('nonsense')
  await page.getByLabel('Username').focus()
  await compose(await visitor.context.newCDPSession(page), 'अमित')
  t.match(await page.getByLabel('Username').inputValue(), /^अमित/)
  await page.getByLabel('Password', { exact: true }).fill('nonsense')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  t.equal(logins, 1, 'only the real Enter')
})

t.test('shortcuts work under a Hindi layout, and the page names their keys', async (t) => {
  const { orderId } = await orderFrom(site.url, 'demo-b2', { 'Masala Chai': 1 })
  const staff = await site.staff(TABLET)
  const board = await staff.open('/theatre/live-orders/')
  await linkIs(board)
  // parts that appear together can't have the focus before
  await board.locator(`.ticket[data-order-id="${orderId}"]`).waitFor()
  await board.locator(`.ticket[data-order-id="${orderId}"]`).focus()
  const cdp = await staff.context.newCDPSession(board)
  await press(cdp, { code: 'KeyS', key: 'े', keyCode: 83 })
  await board.locator(`.ticket[data-order-id="${orderId}"][data-status=seen]`).waitFor()
  await press(cdp, { code: 'KeyD', key: '्', keyCode: 68 })
  await board.locator(`.ticket[data-order-id="${orderId}"]`).waitFor({ state: 'detached' })
  t.match(
    await board.locator('.keys-help').textContent(),
    /S seen, D delivered, C cash received, X cancel, Z undo/,
  )
})

async function orderWith(page: Page, phone: string): Promise<void> {
  await page.getByRole('button', { name: 'Add one Masala Chai' }).click()
  await page.getByRole('button', { name: /^Review/ }).click()
  await page.getByLabel('Cash at your seat').check()
  await page.getByLabel('Phone').fill(phone)
  await page.getByRole('button', { name: /^Place order/ }).click()
}

t.test('a phone as it was pasted', async (t) => {
  const customer = await site.visitor(PHONE)
  const page = await customer.open('/s/demo-c3')
  await orderWith(page, 'call me')
  const field = page.getByLabel('Phone')
  t.equal(
    await page.evaluate('document.querySelector("input[type=tel]").validationMessage'),
    'Enter a phone number of 5 to 20 digits',
  )
  await field.fill('\u202a(+९१)\u00a0९८७६५\u2011४३२१०\u202c.')
  await page.getByRole('button', { name: /^Place order/ }).click()
  await page.getByRole('heading', { level: 1, name: 'We have your order' }).waitFor()
  await untilSame(
    t,
    'stored as digits',
    async () =>
      (await site.db.order.findMany({ where: { seat: { token: 'demo-c3' } } })).map(({ phone }) => phone),
    ['+919876543210'],
  )
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
