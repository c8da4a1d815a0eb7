import type { Page } from 'playwright-core'
import t from 'tap'
import { PHONE, startSite } from './site.js'

// A customer without a pointer: from the menu to the paid order with the keyboard only.

const site = await startSite(t)
const name = (page: Page) =>
  page.evaluate<string>(
    'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim()',
  )

/** Presses Tab until the element with this name has the focus. Fails after a reasonable number of steps. */
async function tabTo(page: Page, wanted: RegExp): Promise<void> {
  for (let step = 0; step < 60; step += 1) {
    if (wanted.test(await name(page))) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab never came to ${wanted}.`)
}

t.test('menu, cart, order and payment by keyboard', async (t) => {
  const page = await (await site.visitor(PHONE)).open('/s/demo-d9')
  await page.locator('[data-action=add]').first().waitFor()
  await tabTo(page, /^Add one Masala Chai$/)
  await page.keyboard.press('Enter')
  await page.locator('[data-quantity="1"]').waitFor()
  t.equal(await name(page), 'Add one Masala Chai', 'the focus moves to the button that adds another one')
  await page.keyboard.press('Enter')
  await page.locator('[data-quantity="2"]').waitFor()
  await page.keyboard.press('Shift+Tab')
  t.equal(await name(page), 'Remove one Masala Chai')
  for (const left of [1, 0]) {
    await page.keyboard.press('Enter')
    if (left > 0) await page.locator(`[data-quantity="${left}"]`).waitFor()
  }
  await page.locator('[data-quantity]').waitFor({ state: 'detached' })
  t.equal(await name(page), 'Add one Masala Chai', 'the focus is not lost when the last one is removed')
  await page.keyboard.press('Enter')
  await tabTo(page, /^Review/)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  // the element, not the role: a closed dialog that is still in the page cannot be opened again
  await page.locator('dialog').waitFor({ state: 'detached' })
  t.match(await name(page), /^Review/, 'Escape closes it and returns the focus')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await tabTo(page, /^Order and pay/)
  await page.keyboard.press('Enter')
  await page.locator('.checkout').waitFor()
  await tabTo(page, /^Pay ₹80/)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'We have your order' }).waitFor()
  await tabTo(page, /^Message|^$/)
})

t.test('the focused element has a visible outline', async (t) => {
  const page = await (await site.visitor(PHONE)).open('/login')
  await page.getByLabel('Username').waitFor()
  for (let step = 0; step < 5; step += 1) {
    await page.keyboard.press('Tab')
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
    t.equal(outline, 'solid', await name(page))
  }
  t.strictSame(site.pageErrors, [])
})
