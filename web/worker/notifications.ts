import { PUSH_KINDS, type PushPayload, pageOf, tagOf } from '../../src/protocol/push-message.js'

/** A message of this service; null for anything else. */
function read(data: PushMessageData | null): PushPayload | null {
  try {
    const { kind, order, language }: Partial<PushPayload> = data?.json() ?? {}
    const known = PUSH_KINDS.find((each) => each === kind)
    return known && Number.isSafeInteger(order)
      ? { kind: known, order: order ?? 0, language: String(language) }
      : null
  } catch {
    return null
  }
}

const samePage = (url: string, path: string): boolean =>
  new URL(url).pathname.replace(/\/$/, '') === path.replace(/\/$/, '')

/** WebKit counts a message without a notification as misuse, whatever is on the screen, and ends the subscription. */
const mayStaySilent = (): boolean => /Chrom|Firefox/.test(navigator.userAgent)

/** Shows a message, but where a page that shows it is on the screen. */
export async function showMessage(
  self: ServiceWorkerGlobalScope,
  data: PushMessageData | null,
): Promise<void> {
  const message = read(data)
  const path = message ? pageOf(message) : '/'
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const isShown = windows.some(
    ({ url, visibilityState }) => visibilityState === 'visible' && samePage(url, path),
  )
  if (isShown && mayStaySilent()) return
  const language = message && Object.hasOwn(TEXTS, message.language) ? message.language : 'en'
  const texts = TEXTS[language]
  if (!texts) return
  const options: NotificationOptions & { renotify: boolean } = {
    body: message ? texts.order.replace('{order}', String(message.order)) : '',
    tag: message ? tagOf(message) : 'houselights',
    renotify: true,
    lang: language,
    icon: ICONS.icon,
    badge: ICONS.badge,
    data: path,
  }
  await self.registration.showNotification((message && texts.titles[message.kind]) ?? texts.other, options)
}

/** Brings the page of a notification to the front, or opens it. */
export async function openPage(self: ServiceWorkerGlobalScope, path: unknown): Promise<void> {
  if (typeof path !== 'string') return
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const open = windows.find(({ url }) => samePage(url, path))
  // a window that is just being closed can't be focused
  const focused = await open?.focus().catch(() => null)
  if (!focused) await self.clients.openWindow(path)
}
