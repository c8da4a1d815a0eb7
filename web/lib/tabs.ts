/** What the tabs of one browser tell each other because the service does not. */
export type TabMessage =
  | { type: 'signed-in'; user: number }
  | { type: 'signed-out' }
  | { type: 'session-extended'; until: number }

const CHANNEL = 'houselights'

/** One for the page: a channel delivers to all others, also to another one of the same page. */
let shared: BroadcastChannel | null = null

function openChannel(): BroadcastChannel | null {
  if ('BroadcastChannel' in globalThis) shared ??= new BroadcastChannel(CHANNEL)
  return shared
}

/** Sends to the other tabs, not to this page. */
export function postToTabs(message: TabMessage): void {
  openChannel()?.postMessage(message)
}

/** Calls `listener` for each message from another tab. Returns the unsubscribe function. */
export function onTabMessage(listener: (message: TabMessage) => void): () => void {
  const channel = openChannel()
  // Only this origin's pages can post here, so the type holds.
  const receive = (event: MessageEvent<TabMessage>): void => listener(event.data)
  channel?.addEventListener('message', receive)
  return () => channel?.removeEventListener('message', receive)
}
