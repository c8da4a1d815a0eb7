import { interceptedNetwork } from '../lib/answer.js'
import { ApiError, api } from '../lib/api.js'
import { onFailedCall } from '../lib/failed-calls.js'
import { belongsToPage, followLink } from '../lib/page-user.js'
import { openSocket, socketUrl } from '../lib/preload.js'
import { watchSleep } from '../lib/sleep.js'
import { createStore, type Store } from '../lib/store.js'
import { onTabMessage } from '../lib/tabs.js'
import { type Incoming, type Link, LiveClient, type Verdict } from './client.js'

export interface LiveHandlers {
  onMessage(message: Incoming): void
  onLeft?(group: string): void
  /** What a refused handshake means. Default: whether there is a session. */
  explainRefusal?(): Promise<Verdict>
}

export interface LivePage {
  link: Store<Link>
  client: LiveClient
  close(): void
}

/** Browsers hide why a handshake was refused, so this finds out whether it was for want of a session. */
async function sessionVerdict(): Promise<Verdict> {
  try {
    await api.session()
    return 'ok'
  } catch (error) {
    return error instanceof ApiError && error.status === 401 ? 'signed-out' : 'unreachable'
  }
}

/**
 * The live client of a page: its link as a store. Whatever makes the link doubtful, from the screen, the network, a call
 * or another tab, shows in it at once or has it put to the test.
 */
export function connectLive(path: string, handlers: LiveHandlers): LivePage {
  const client = new LiveClient({
    url: socketUrl(path),
    open: openSocket,
    onMessage(message) {
      if (message.type === 'hello' && !belongsToPage(message.user.id)) client.stop()
      else handlers.onMessage(message)
    },
    onLink: (next) => {
      if (next.state === 'live') interceptedNetwork.set(false)
      link.set(next)
    },
    onLeft: (group) => handlers.onLeft?.(group),
    onProtocolError: (what) => console.error(`houselights: ${what}`),
    explainRefusal: handlers.explainRefusal ?? sessionVerdict,
  })
  const link = createStore(client.link)
  followLink()
  const wake = (): void => {
    if (document.visibilityState === 'visible') client.wake()
  }
  const reconnect = (): void => client.reconnect()
  const suspect = (): void => client.suspect()
  const unsubscribe = [
    onTabMessage((message) => {
      if (message.type === 'signed-in') client.start()
    }),
    onFailedCall(() => client.probe()),
    watchSleep(reconnect),
  ]
  addEventListener('online', reconnect)
  addEventListener('offline', suspect)
  addEventListener('pageshow', wake)
  document.addEventListener('visibilitychange', wake)
  client.start()
  return {
    link,
    client,
    close() {
      for (const each of unsubscribe) each()
      removeEventListener('online', reconnect)
      removeEventListener('offline', suspect)
      removeEventListener('pageshow', wake)
      document.removeEventListener('visibilitychange', wake)
      client.stop()
    },
  }
}
