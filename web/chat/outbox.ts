import type { MessageView } from '../../src/live/protocol.js'
import { ApiError, api } from '../lib/api.js'
import { createStore } from '../lib/store.js'

/** A message that was typed here and is not known to be stored. */
export interface Outgoing {
  chat: number
  text: string
  clientId: string
  state: 'sending' | 'failed'
}

export interface OutboxOptions {
  /** tries the socket; false when it can't */
  send?(chat: number, text: string, clientId: string): boolean
  isLive?(): boolean
  onStored(chat: number, message: MessageView): void
}

/** how long the socket may take before the same message goes by HTTP as well: its `clientId` is stored once */
const ECHO_DEADLINE = 4000
const RETRY_AFTER = 3000
const RETRIES = 3

/** Sends what was typed and keeps it on the screen until it is stored, over a network that comes and goes. */
export function createOutbox({ send, isLive, onStored }: OutboxOptions) {
  const waiting = createStore<readonly Outgoing[]>([])
  const has = (clientId: string): boolean => waiting.get().some((each) => each.clientId === clientId)

  function stored(clientId: string): void {
    if (has(clientId)) waiting.update((all) => all.filter((each) => each.clientId !== clientId))
  }

  function mark(clientId: string, state: Outgoing['state']): void {
    waiting.update((all) => all.map((each) => (each.clientId === clientId ? { ...each, state } : each)))
  }

  async function post(chat: number, text: string, clientId: string, triesLeft = RETRIES): Promise<void> {
    if (!has(clientId)) return
    try {
      onStored(chat, await api.say(chat, text, clientId))
      stored(clientId)
    } catch (error) {
      const mayHelp = error instanceof ApiError && (error.isOffline || error.status >= 500)
      if (!mayHelp || triesLeft === 0) return mark(clientId, 'failed')
      setTimeout(() => void post(chat, text, clientId, triesLeft - 1), RETRY_AFTER)
    }
  }

  function dispatch(chat: number, text: string, clientId: string): void {
    if (isLive?.() && send?.(chat, text, clientId)) {
      setTimeout(() => void post(chat, text, clientId), ECHO_DEADLINE)
    } else void post(chat, text, clientId)
  }

  return {
    waiting,
    stored,
    add(chat: number, text: string, clientId: string): void {
      waiting.update((all) => [...all, { chat, text, clientId, state: 'sending' }])
      dispatch(chat, text, clientId)
    },
    again({ chat, text, clientId }: Outgoing): void {
      mark(clientId, 'sending')
      void post(chat, text, clientId)
    },
  }
}

export type Outbox = ReturnType<typeof createOutbox>
