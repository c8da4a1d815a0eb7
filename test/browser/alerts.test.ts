import type { BrowserContext, Page } from 'playwright-core'
import t from 'tap'
import { orderFrom, sendMessage } from '../helpers/customers.js'
import { until } from '../helpers/until.js'
import { linkIs, startSite, TABLET } from './site.js'

// What keeps the staff alert: the screen, the sound, and what screen readers say.

const site = await startSite(t)
const BOARD = '/theatre/live-orders/'
const MAY_SLEEP = '[data-wake-lock=unavailable]'

/** Grants or refuses wake locks to all pages of a browser profile, as its user or a policy may. */
async function setWakeLocks(context: BrowserContext, setting: 'granted' | 'denied'): Promise<void> {
  const page = await context.newPage()
  const { targetInfo } = await (await context.newCDPSession(page)).send('Target.getTargetInfo')
  const { browserContextId = '' } = targetInfo
  const cdp = await site.browser.newBrowserCDPSession()
  const permission = { name: 'screen-wake-lock' }
  await cdp.send('Browser.setPermission', { permission, setting, browserContextId })
  await page.close()
}

/** Keeps the page's wake locks in `locks`. */
const RECORD_LOCKS = `
  window.locks = []
  const request = globalThis.WakeLock?.prototype.request
  // A new tab is about:blank first, which has none.
  if (request) WakeLock.prototype.request = async function (...args) {
    const lock = await request.apply(this, args)
    locks.push(lock)
    return lock
  }`
const locks = (page: Page) => page.evaluate('locks.map(({ released }) => released)')

/** Keeps in `spoken` what screen readers are given to say, each as often as it is. */
const RECORD_SPEECH = `
  window.spoken = []
  addEventListener('DOMContentLoaded', () => new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      if (!(target instanceof Element) || !target.closest('[data-announce]')) continue
      for (const node of addedNodes) spoken.push(node.textContent)
    }
  }).observe(document.body, { childList: true, subtree: true }))`
const spoken = async (page: Page): Promise<string> => {
  const texts: string[] = await page.evaluate('spoken')
  return texts.join('\n')
}

t.test('a screen lock that the system takes away is asked for again', async (t) => {
  const staff = await site.staff(TABLET)
  await setWakeLocks(staff.context, 'granted')
  await staff.context.addInitScript(RECORD_LOCKS)
  const board = await staff.open(BOARD)
  await until(() => board.evaluate('locks.length === 1'), 'the lock')
  await board.evaluate('locks[0].release()')
  await until(() => board.evaluate('locks.length === 2'), 'another lock')
  t.same(await locks(board), [true, false])
  await board.mouse.click(4, 4)
  await board.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
  await board.evaluate('locks[1].release()')
  await until(() => board.evaluate('locks.length === 3'), 'a third lock')
  t.same(await locks(board), [true, true, false], 'none is asked for while one is held')
  t.equal(await board.locator(MAY_SLEEP).count(), 0)
})

t.test('a screen lock that was refused before the first touch is asked for at the touch', async (t) => {
  const staff = await site.staff(TABLET)
  await setWakeLocks(staff.context, 'denied')
  await staff.context.addInitScript(RECORD_LOCKS)
  const board = await staff.open(BOARD)
  await board.locator(MAY_SLEEP).waitFor()
  await setWakeLocks(staff.context, 'granted')
  await board.touchscreen.tap(4, 4)
  await board.locator(MAY_SLEEP).waitFor({ state: 'detached' })
  t.same(await locks(board), [false])
})

t.test(
  'the touch that starts the sound moves no control, or it would miss the one that it is for',
  async (t) => {
    const staff = await site.staff({ ...TABLET, viewport: { width: 1600, height: 900 } })
    const board = await staff.open(BOARD)
    await linkIs(board)
    await board.locator('[data-sound=waiting]').waitFor()
    const boxes = (): Promise<string[]> =>
      board.evaluate(`[...document.querySelectorAll('.bar a, .bar button')].map((each) => {
      const { left, top, width, height } = each.getBoundingClientRect()
      return [each.dataset.action ?? each.href ?? 'sound', left, top, width, height].join(' ')
    })`)
    const before = await boxes()
    t.ok(before.length > 4, 'there are controls')
    await board.touchscreen.tap(4, 4)
    await board.locator('[data-sound=on]').waitFor()
    t.strictSame(await boxes(), before)
    await board.locator('[data-sound=on]:not([data-settling=true])').click()
    await board.locator('[data-sound=muted]').waitFor()
    t.strictSame(await boxes(), before, 'muted')
  },
)

t.test('sound that the system interrupts is not called on, and starts again', async (t) => {
  const staff = await site.staff(TABLET)
  await staff.context.addInitScript(`
    window.AudioContext = class extends AudioContext {
      constructor() {
        super()
        window.audio = this
      }
    }`)
  const board = await staff.open(BOARD)
  const sound = (state: string) => board.locator(`[data-sound=${state}]`).waitFor()
  await board.mouse.click(4, 4)
  await sound('on')
  for (const start of ['the page is shown', 'a touch']) {
    await board.evaluate('audio.suspend()')
    await sound('waiting')
    t.equal(await board.getByRole('button', { name: 'Tap for sound' }).count(), 1)
    if (start === 'a touch') await board.mouse.click(4, 4)
    else await board.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
    await sound('on')
    t.equal(await board.evaluate('audio.state'), 'running', start)
  }
  await board.evaluate('audio.suspend()')
  await board.getByRole('button', { name: 'Tap for sound' }).click()
  await sound('on')
  await board.evaluate('audio.suspend()')
  await sound('waiting')
  await orderFrom(site.url, 'demo-e1', { 'Masala Chai': 1 })
  await sound('on')
})

t.test('a context that the system leaves “running” without playing is not called on', async () => {
  const staff = await site.staff(TABLET)
  // as iOS does after a call
  await staff.context.addInitScript(`
    let stands = null
    window.interrupt = () => { stands = 1 }
    window.AudioContext = class extends AudioContext {
      get currentTime() { return stands ?? super.currentTime }
      async suspend() { stands = null; return super.suspend() }
    }`)
  const board = await staff.open(BOARD)
  await board.mouse.click(4, 4)
  await board.locator('[data-sound=on]').waitFor()
  await board.evaluate('interrupt()')
  await board.locator('[data-sound=waiting]').waitFor()
  await board.mouse.click(4, 4)
  await board.locator('[data-sound=on]').waitFor()
})

const SEATS = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8']
for (const [locale, summary] of [
  ['en-IN', /\d new orders: Screen 1, seats /],
  ['hi-IN', /\d नए ऑर्डर: Screen 1, सीट /],
] as const) {
  t.test(`${locale}: of eight orders that come in a moment, a screen reader hears all`, async (t) => {
    const staff = await site.staff({ ...TABLET, locale })
    await staff.context.addInitScript(RECORD_SPEECH)
    const board = await staff.open(BOARD)
    await linkIs(board)
    await Promise.all(
      SEATS.map((seat) => orderFrom(site.url, `demo-${seat.toLowerCase()}`, { 'Masala Chai': 1 }, 'cash')),
    )
    await until(async () => {
      const text = await spoken(board)
      return SEATS.every((seat) => text.includes(seat))
    }, 'every seat to be announced')
    t.notMatch(await spoken(board), /undefined|NaN/)

    // Those that came while the page was away come in one frame.
    await board.evaluate('spoken.length = 0')
    await staff.context.setOffline(true)
    await Promise.all(
      SEATS.map((seat) => orderFrom(site.url, `demo-${seat.toLowerCase()}`, { 'Masala Chai': 1 }, 'cash')),
    )
    await staff.context.setOffline(false)
    await until(async () => summary.test(await spoken(board)), 'a summary')
    await until(async () => {
      const text = await spoken(board)
      return SEATS.every((seat) => text.includes(seat))
    }, 'every seat to be announced')
    await board.close()
  })
}

t.test('messages of one moment are all announced, the same text again too', async (t) => {
  const customers = await Promise.all(
    ['demo-c1', 'demo-c2', 'demo-c3'].map((seat) => orderFrom(site.url, seat, { 'Masala Chai': 1 }, 'cash')),
  )
  const staff = await site.staff(TABLET)
  await staff.context.addInitScript(RECORD_SPEECH)
  const chat = await staff.open('/theatre/chat/')
  await linkIs(chat)
  await Promise.all(
    [...customers, ...customers].map(({ client, orderId }) => sendMessage(client, orderId, 'Hello')),
  )
  const count = async () => (await spoken(chat)).match(/New message from Screen 1, seat C[123]/g)?.length
  await until(async () => (await count()) === 6, 'six announcements')
  t.equal(await chat.locator('[data-announce=polite]').getAttribute('aria-live'), 'polite')
})

t.test('no page reported an error or a policy violation', async (t) => {
  t.strictSame(site.pageErrors, [])
})
