/** Between the tabs of one browser: what no event of the service tells. */
export type TabNews = { type: 'signed-in' } | { type: 'signed-out' } | { type: 'stayed'; until: number }

const NAME = 'houselights'

export function tellTabs(news: TabNews): void {
  if (!('BroadcastChannel' in globalThis)) return
  const channel = new BroadcastChannel(NAME)
  channel.postMessage(news)
  channel.close()
}

export function hearTabs(listener: (news: TabNews) => void): () => void {
  if (!('BroadcastChannel' in globalThis)) return () => {}
  const channel = new BroadcastChannel(NAME)
  // Only pages of this origin can post here, and they are of this program.
  channel.addEventListener('message', (event: MessageEvent<TabNews>) => listener(event.data))
  return () => channel.close()
}
