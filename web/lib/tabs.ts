/** What the tabs of one browser tell each other because the service does not. */
export type TabMessage =
  | { type: 'signed-in'; user: number }
  | { type: 'signed-out' }
  | { type: 'session-extended'; until: number }

const CHANNEL = 'houselights'

export function postToTabs(message: TabMessage): void {
  if (!('BroadcastChannel' in globalThis)) return
  const channel = new BroadcastChannel(CHANNEL)
  channel.postMessage(message)
  channel.close()
}

/** Calls `listener` for each message from another tab. Returns the unsubscribe function. */
export function onTabMessage(listener: (message: TabMessage) => void): () => void {
  if (!('BroadcastChannel' in globalThis)) return () => {}
  const channel = new BroadcastChannel(CHANNEL)
  // Only this origin's pages can post here, so the type holds.
  channel.addEventListener('message', (event: MessageEvent<TabMessage>) => listener(event.data))
  return () => channel.close()
}
