/** What the tabs of one browser tell each other because the service does not. */
export type TabMessage =
  | { type: 'signed-in'; user: number }
  | { type: 'signed-out' }
  | { type: 'session-extended'; until: number }

const CHANNEL = 'houselights'

let channel: BroadcastChannel | null = null

/** One for the page: a second one would receive what the first one sends. */
function openChannel(): BroadcastChannel | null {
  if ('BroadcastChannel' in globalThis) channel ??= new BroadcastChannel(CHANNEL)
  return channel
}

/** To the other tabs; this one does not receive it. */
export function postToTabs(message: TabMessage): void {
  openChannel()?.postMessage(message)
}

/** Calls `listener` for each message from another tab. Returns the unsubscribe function. */
export function onTabMessage(listener: (message: TabMessage) => void): () => void {
  // Only this origin's pages can post here, so the type holds.
  const receive = (event: MessageEvent<TabMessage>): void => listener(event.data)
  openChannel()?.addEventListener('message', receive)
  return () => channel?.removeEventListener('message', receive)
}
