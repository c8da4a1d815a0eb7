import t from 'tap'
import { until } from '../helpers/until.js'
import { openBackgroundTab } from './background-tab.js'
import { startSite, TABLET } from './site.js'

// Notifications beside a board that is open but not on the screen.

const site = await startSite(t, {}, { worker: true, withWindows: true })
const TAGS =
  'navigator.serviceWorker.ready.then((one) => one.getNotifications()).then((all) => all.map(({ tag }) => tag).sort())'
const BOARD = '/theatre/live-orders/'

t.test('a board that is open but hidden, even frozen, is no board on the screen', async (t) => {
  const staff = await site.staff(TABLET)
  const tab = await openBackgroundTab(site.browser, staff.context, `${site.url}${BOARD}`)
  await tab.allowNotifications()
  await until(() => tab.evaluate('Boolean(document.querySelector("[data-link-state=live]"))'), 'the board')
  await until(
    () => tab.evaluate('navigator.serviceWorker.ready.then((one) => one.active.state === "activated")'),
    'its worker',
  )
  const message = (order: number) => JSON.stringify({ kind: 'new-order', order, language: 'en' })
  await tab.freeze()
  await until(() => tab.evaluate('document.visibilityState === "hidden"'), 'a hidden board')
  await tab.deliverPush(message(41))
  await tab.show()
  const tags = () => tab.evaluate(TAGS)
  t.strictSame(await tags(), ['new-41'], 'it is notified')
  await until(() => tab.evaluate('document.visibilityState === "visible"'), 'the board to be shown')
  await tab.deliverPush(message(42))
  await tab.deliverPush(message(43).replace('new-order', 'answer'))
  t.strictSame(await tags(), ['chat-43', 'new-41'], 'shown again, it is not')
})
