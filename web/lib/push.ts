import { api } from './api.js'
import { notifyPermission, requestNotifications } from './notify.js'
import { pageUser } from './page-user.js'
import { activeWorker } from './service-worker.js'
import { isBoolean, isNumber, recall, remember } from './storage.js'
import { createStore } from './store.js'

// Notifications of the service, by consent, for one order or for the staff's session. The service ends them with the
// session; what is kept here only says what this browser's user has asked for.

/**
 * `unavailable`: not in this browser, or not on this service; `install`: iOS gives them to apps on the Home Screen only;
 * `blocked`: the user has forbidden them to this site.
 */
export type PushState = 'unknown' | 'unavailable' | 'install' | 'blocked' | 'off' | 'on'

/** What notifications are for: one order, or new orders of a theatre (and hall). */
export type PushScope = { order: number } | { theatre: number; hall?: string }

const WORKER_WAIT_MS = 10_000
const KEPT = 20

/** For a screen: what the controls show. */
export const pushState = createStore<PushState>('unknown')

interface Asked {
  user: number
  orders: number[]
  staff: boolean
}

const isAsked = (value: unknown): value is Asked => {
  const { user, orders, staff } = { ...(value as Partial<Asked> | null) }
  return isNumber(user) && Array.isArray(orders) && orders.every(isNumber) && typeof staff === 'boolean'
}

/** What this page's user has asked for in this browser; another user's counts as nothing. */
function asked(): Asked {
  const user = pageUser() ?? 0
  const kept = recall('push', isAsked)
  return kept?.user === user ? kept : { user, orders: [], staff: false }
}

const isAskedFor = (scope: PushScope): boolean =>
  'order' in scope ? asked().orders.includes(scope.order) : asked().staff

function note(scope: PushScope, isOn: boolean): void {
  const before = asked()
  if (!('order' in scope)) return void remember('push', { ...before, staff: isOn })
  const others = before.orders.filter((id) => id !== scope.order)
  remember('push', { ...before, orders: [...(isOn ? [scope.order] : []), ...others].slice(0, KEPT) })
}

const isIos = (): boolean =>
  /iPhone|iPad|iPod/.test(navigator.userAgent) ||
  (navigator.userAgent.includes('Macintosh') && navigator.maxTouchPoints > 1)

/** Safari's own property, from before the media query */
const isInstalled = (): boolean =>
  matchMedia('(display-mode: standalone)').matches || Reflect.get(navigator, 'standalone') === true

const isSupported = (): boolean =>
  import.meta.env.PROD && isSecureContext && 'PushManager' in globalThis && 'Notification' in globalThis

let running = Promise.resolve()
/** One after the other: what a touch turns off must not be registered again by a reading that began before it. */
function inTurn(work: () => Promise<void>): Promise<void> {
  running = running.catch(() => {}).then(work)
  return running
}

let key: Promise<string | null> | null = null
/** The service's public key; null: it sends no notifications. Asked for once. */
function serverKey(): Promise<string | null> {
  key ??= api.pushKey().catch((error: unknown) => {
    key = null
    throw error
  })
  return key
}

/** This browser's subscription; null where there is none with the service's key. */
async function current(): Promise<PushSubscription | null> {
  const worker = await activeWorker(WORKER_WAIT_MS)
  return (await worker?.pushManager.getSubscription()) ?? null
}

/** A subscription with this key: one with another, from before the service's keys changed, is replaced. */
async function subscribeBrowser(applicationServerKey: string): Promise<PushSubscription> {
  const worker = await activeWorker(WORKER_WAIT_MS)
  if (!worker) throw new Error('no worker')
  const options = { userVisibleOnly: true, applicationServerKey }
  try {
    return await worker.pushManager.subscribe(options)
  } catch (error) {
    const old = await worker.pushManager.getSubscription()
    if (!old) throw error
    await old.unsubscribe()
    const replaced = await worker.pushManager.subscribe(options)
    await moveOrders(old, replaced)
    return replaced
  }
}

/** Other orders that were asked for go on under the new subscription, and the service forgets the old one. */
async function moveOrders({ endpoint }: PushSubscription, replaced: PushSubscription): Promise<void> {
  try {
    for (const order of asked().orders.reverse()) await register(replaced, { order })
    await api.unsubscribePush({ endpoint })
  } catch {
    // Each order's page registers it again, and the old one ends with the session.
  }
}

/** Whether the subscription is under this key: the service's may have changed. */
function isUnder(applicationServerKey: string, { options }: PushSubscription): boolean {
  const own = options?.applicationServerKey
  if (!own) return true
  const text = btoa(String.fromCharCode(...new Uint8Array(own)))
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '') === applicationServerKey
}

const language = (): string => document.documentElement.lang.split('-')[0]?.toLowerCase() || 'en'

const register = (subscription: PushSubscription, scope: PushScope): Promise<void> =>
  api.subscribePush({ ...subscription.toJSON(), ...scope, language: language() })

/**
 * What is known of the state before the service has answered, so that what shows it takes its place with the page's first
 * rendering and moves nothing later.
 */
export function beginPush(scope: PushScope): void {
  if (!isSupported()) return pushState.set(isIos() && !isInstalled() ? 'install' : 'unavailable')
  if (recall('no-push', isBoolean)) return pushState.set('unavailable')
  if (notifyPermission.get() === 'denied') return pushState.set('blocked')
  pushState.set(notifyPermission.get() === 'granted' && isAskedFor(scope) ? 'on' : 'off')
}

/**
 * Learns the state for a scope. What the user had asked for is registered anew: the service may have forgotten it, as after a
 * change of password, and the language or the hall may be another.
 */
export function readPush(scope: PushScope): Promise<void> {
  return inTurn(async () => {
    beginPush(scope)
    const isWanted = pushState.get() === 'on'
    if (!isSupported() || notifyPermission.get() === 'denied') return
    try {
      const applicationServerKey = await serverKey()
      remember('no-push', applicationServerKey === null || null)
      if (applicationServerKey === null) return pushState.set('unavailable')
      const kept = isWanted ? await current() : null
      if (!kept) return pushState.set('off')
      const isCurrent = isUnder(applicationServerKey, kept)
      await register(isCurrent ? kept : await subscribeBrowser(applicationServerKey), scope)
      pushState.set('on')
    } catch {
      // The next page tries again.
      pushState.set('off')
    }
  })
}

/** At a touch: asks the user, subscribes the browser and tells the service. Throws where one of them fails. */
export async function turnPushOn(scope: PushScope): Promise<void> {
  // At once: browsers let a page ask only while the touch is being handled.
  if (!(await requestNotifications())) return beginPush(scope)
  await inTurn(async () => {
    const applicationServerKey = await serverKey()
    if (applicationServerKey === null) return pushState.set('unavailable')
    await register(await subscribeBrowser(applicationServerKey), scope)
    note(scope, true)
    pushState.set('on')
  })
}

/** At a touch: the service forgets the scope. Throws where that fails. */
export function turnPushOff(scope: PushScope): Promise<void> {
  return inTurn(async () => {
    const subscription = await current()
    if (subscription) {
      const order = 'order' in scope ? { order: scope.order } : {}
      await api.unsubscribePush({ endpoint: subscription.endpoint, ...order })
    }
    note(scope, false)
    pushState.set('off')
  })
}

/** The session has ended or another begins: nothing that was asked for in the last one holds. */
export async function forgetPush(): Promise<void> {
  remember('push', null)
  const worker = await activeWorker(0)
  for (const notification of (await worker?.getNotifications()) ?? []) notification.close()
}
