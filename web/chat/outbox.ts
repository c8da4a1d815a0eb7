import type { MessageView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { isTransient } from '../lib/api-error.js'
import { createStore } from '../lib/store.js'

/** A message that was sent here and is not known to be stored yet. */
export interface Outgoing {
  chat: number
  text: string
  clientId: string
  state: 'sending' | 'failed'
}

export interface OutboxOptions {
  /** Sends over the socket; false when that is not possible. */
  send?(chat: number, text: string, clientId: string): boolean
  isLive?(): boolean
  onStored(chat: number, message: MessageView): void
}

/** Without an echo by then, the message goes by HTTP as well; the service stores each `clientId` once. */
const ECHO_DEADLINE_MS = 4000
const RETRY_AFTER_MS = 3000
const RETRIES = 3

/** Sends messages over an unreliable network, and keeps each on the screen until it is stored. */
export function createOutbox({ send, isLive, onStored }: OutboxOptions) {
  const waiting = createStore<readonly Outgoing[]>([])
  const drafts = new Map<number, string>()
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
      onStored(chat, await api.sendMessage(chat, text, clientId))
      stored(clientId)
    } catch (error) {
      if (!isTransient(error) || triesLeft === 0) return mark(clientId, 'failed')
      setTimeout(() => void post(chat, text, clientId, triesLeft - 1), RETRY_AFTER_MS)
    }
  }

  function dispatch(chat: number, text: string, clientId: string): void {
    if (isLive?.() && send?.(chat, text, clientId)) {
      setTimeout(() => void post(chat, text, clientId), ECHO_DEADLINE_MS)
    } else void post(chat, text, clientId)
  }

  return {
    waiting,
    stored,
    /** Text that was typed in a conversation and not sent: it survives a look at another one. */
    drafts,
    add(chat: number, text: string, clientId: string): void {
      waiting.update((all) => [...all, { chat, text, clientId, state: 'sending' }])
      dispatch(chat, text, clientId)
    },
    resend({ chat, text, clientId }: Outgoing): void {
      mark(clientId, 'sending')
      void post(chat, text, clientId)
    },
  }
}

export type Outbox = ReturnType<typeof createOutbox>
