import { findLiveById, type SessionSettings } from '../accounts/sessions.js'
import { DomainError } from '../errors.js'
import type { ActionContext } from '../live/commit.js'
import type { Principal } from '../principal.js'
import { sendMessage } from './chat-actions.js'
import { readLegacyHistory } from './legacy-chat.js'

/** What a refused message is answered with. */
export interface ChatRefusal {
  code: string
  message: string
}

/**
 * Messages that come by socket. Who speaks is read from the database with each of them: a right that ends between
 * two messages ends before the second, whatever this node has heard.
 */
export class SocketChat {
  constructor(
    private readonly ctx: ActionContext,
    private readonly settings: SessionSettings,
    private readonly onError: (error: unknown) => void,
  ) {}

  private async speaker(sessionId: string): Promise<Principal | null> {
    return (await findLiveById(this.ctx.db, sessionId, this.settings))?.principal ?? null
  }

  /** Says something; the event itself is the answer. Null, or why it was refused. Never throws. */
  async send(
    sessionId: string,
    message: { chat: number; text: string; clientId: string },
  ): Promise<ChatRefusal | null> {
    try {
      const principal = await this.speaker(sessionId)
      if (!principal) return { code: 'unauthenticated', message: 'The session has ended.' }
      await sendMessage(this.ctx, principal, message)
      return null
    } catch (error) {
      if (error instanceof DomainError) return { code: error.code, message: error.message }
      this.onError(error)
      return { code: 'unavailable', message: 'The message may not have been stored: send it again.' }
    }
  }

  /** The old page's `get-user-messages`; null for anything else, and when it can't be answered. Never throws. */
  async answerLegacy(sessionId: string, text: string): Promise<string | null> {
    try {
      const phone = readTask(text)
      const principal = phone === null ? null : await this.speaker(sessionId)
      if (phone === null || !principal || principal.role === 'customer') return null
      return JSON.stringify(await readLegacyHistory(this.ctx.db, principal, phone))
    } catch (error) {
      this.onError(error)
      return null
    }
  }
}

function readTask(text: string): string | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || !('task' in value) || !('phone_number' in value))
    return null
  const { task, phone_number: phone } = value
  if (task !== 'get-user-messages' || (typeof phone !== 'string' && typeof phone !== 'number')) return null
  return String(phone)
}
