import { ApiError, api } from '../lib/api.js'
import { openSocket, socketUrl } from '../lib/preload.js'
import { createStore, type Store } from '../lib/store.js'
import { hearTabs } from '../lib/tabs.js'
import { type Incoming, type Link, LiveClient, type Verdict } from './client.js'

export interface LiveHandlers {
  onMessage(message: Incoming): void
  onLeft?(group: string): void
  /** what a refused handshake means; by default only "is there a session" */
  verdict?(): Promise<Verdict>
}

export interface LivePage {
  link: Store<Link>
  client: LiveClient
  close(): void
}

/** Whether there is a session at all: the reason for a refused handshake, which a browser does not get to see. */
export async function sessionVerdict(): Promise<Verdict> {
  try {
    await api.session()
    return 'ok'
  } catch (error) {
    return error instanceof ApiError && error.status === 401 ? 'signed-out' : 'unreachable'
  }
}

/** The client as a page uses it: tells a store of its link and wakes up with the screen and the network. */
export function connectLive(path: string, handlers: LiveHandlers): LivePage {
  const client = new LiveClient({
    url: socketUrl(path),
    open: openSocket,
    onMessage: handlers.onMessage,
    onLink: (next) => link.set(next),
    onLeft: (group) => handlers.onLeft?.(group),
    onBug: (what) => console.error(`houselights: ${what}`),
    verdict: handlers.verdict ?? sessionVerdict,
  })
  const link = createStore(client.link)
  const wake = (): void => {
    if (document.visibilityState === 'visible') client.wake()
  }
  const noticeReturn = hearTabs((news) => {
    if (news.type === 'signed-in') client.start()
  })
  addEventListener('online', wake)
  addEventListener('pageshow', wake)
  document.addEventListener('visibilitychange', wake)
  client.start()
  return {
    link,
    client,
    close() {
      noticeReturn()
      removeEventListener('online', wake)
      removeEventListener('pageshow', wake)
      document.removeEventListener('visibilitychange', wake)
      client.stop()
    },
  }
}
