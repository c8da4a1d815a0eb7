import type { Browser, BrowserContext } from 'playwright-core'
import { until } from '../helpers/until.js'

/**
 * A tab that can be hidden and frozen as a browser does it. Playwright keeps its own pages visible, so this one is opened
 * beside them, over the browser's protocol, in a profile of its own with the cookies of `context`.
 */
export interface BackgroundTab {
  /** The value of an expression in the page. */
  evaluate(expression: string): Promise<unknown>
  /** Shows another tab in this one's place, and freezes this one. */
  freeze(): Promise<void>
  /** Allows notifications to this profile. */
  allowNotifications(): Promise<void>
  /** Has the browser deliver a push message to the worker of this tab's origin, as its push service does; resolves when it is handled. */
  deliverPush(data: string): Promise<void>
  /** Shows this tab again, which ends a freeze. */
  show(): Promise<void>
}

interface Answer {
  id?: number
  result?: { result?: { value?: unknown } }
  method?: string
  params?: { registrations?: { registrationId: string; scopeURL: string }[] }
}

/** In a worker: counts the push messages that it has handled, from the first call on. */
export const COUNT_HANDLED = `if (self.handled === undefined) {
  self.handled = 0
  const { waitUntil } = ExtendableEvent.prototype
  ExtendableEvent.prototype.waitUntil = function (work) {
    if (this.type === 'push') Promise.resolve(work).finally(() => { self.handled++ })
    return waitUntil.call(this, work)
  }
}
self.handled`

export async function openBackgroundTab(
  browser: Browser,
  context: BrowserContext,
  url: string,
): Promise<BackgroundTab> {
  const cdp = await browser.newBrowserCDPSession()
  const { browserContextId } = await cdp.send('Target.createBrowserContext')
  const cookies = (await context.cookies(url)).map(({ name, value }) => ({ name, value, url }))
  await cdp.send('Storage.setCookies', { cookies, browserContextId })
  const { targetId } = await cdp.send('Target.createTarget', { url: 'about:blank', browserContextId })
  const { sessionId } = await cdp.send('Target.attachToTarget', { targetId, flatten: false })
  let registration: string | null = null
  const waiting = new Map<number, (answer: Answer) => void>()
  cdp.on('Target.receivedMessageFromTarget', ({ message }) => {
    const answer: Answer = JSON.parse(message)
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
    for (const { registrationId, scopeURL } of answer.params?.registrations ?? []) {
      if (scopeURL === `${new URL(url).origin}/`) registration = registrationId
    }
  })
  let count = 0
  async function send(method: string, params: object = {}, to = sessionId): Promise<Answer> {
    count += 1
    const id = count
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve))
    await cdp.send('Target.sendMessageToTarget', {
      sessionId: to,
      message: JSON.stringify({ id, method, params }),
    })
    return await answered
  }
  async function evaluate(expression: string, to?: string): Promise<unknown> {
    const params = { expression, returnByValue: true, awaitPromise: true }
    return (await send('Runtime.evaluate', params, to)).result?.result?.value
  }
  /** The session of the worker, which has to run. */
  async function attachToWorker(): Promise<string> {
    const { targetInfos } = await cdp.send('Target.getTargets')
    const worker = targetInfos.find(
      (info) => info.type === 'service_worker' && info.browserContextId === browserContextId,
    )
    if (!worker) throw new Error('the worker does not run')
    return (await cdp.send('Target.attachToTarget', { targetId: worker.targetId, flatten: false })).sessionId
  }
  await send('Page.enable')
  await send('Page.navigate', { url })
  let otherId: string | null = null
  return {
    evaluate: (expression) => evaluate(expression),
    async freeze() {
      if (otherId === null) {
        const other = await cdp.send('Target.createTarget', { url: 'about:blank', browserContextId })
        otherId = other.targetId
      } else await cdp.send('Target.activateTarget', { targetId: otherId })
      await send('Page.setWebLifecycleState', { state: 'frozen' })
    },
    async allowNotifications() {
      const permissions = ['notifications' as const]
      await cdp.send('Browser.grantPermissions', {
        permissions,
        browserContextId,
        origin: new URL(url).origin,
      })
    },
    async deliverPush(data) {
      await send('ServiceWorker.enable')
      const registrationId = await until(() => registration, 'a registered worker')
      const { origin } = new URL(url)
      const worker = await attachToWorker()
      const before = Number(await evaluate(COUNT_HANDLED, worker))
      await send('ServiceWorker.deliverPushMessage', { origin, registrationId, data })
      await until(
        async () => Number(await evaluate(COUNT_HANDLED, worker)) > before,
        'the message to be handled',
      )
    },
    async show() {
      await cdp.send('Target.activateTarget', { targetId })
    },
  }
}
