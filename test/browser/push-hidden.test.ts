import t from 'tap'
import { until, untilSame } from '../helpers/until.js'
import { openBackgroundTab } from './background-tab.js'
import { startSite, TABLET } from './site.js'

// Notifications beside a board that is open but not on the screen.

const site = await startSite(t, {}, { worker: true })
/** Asked for while it is being shown, Chromium forgets a notification: so not again and again. */
const TAGS = `new Promise((resolve) => setTimeout(resolve, 300)).then(() => navigator.serviceWorker.ready)
  .then((one) => one.getNotifications()).then((all) => all.map(({ tag }) => tag).sort())`
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
  await untilSame(t, 'it is notified', tags, ['new-41'])
  await until(() => tab.evaluate('document.visibilityState === "visible"'), 'the board to be shown')
  await tab.deliverPush(message(42))
  await tab.deliverPush(message(43).replace('new-order', 'answer'))
  await untilSame(t, 'shown again, it is not', tags, ['chat-43', 'new-41'])
})
