import { findLiveById, onBehalfOf, type SessionSettings } from '../accounts/sessions.js'
import { DomainError } from '../errors.js'
import type { ActionContext } from '../events/commit.js'
import { sendMessage } from './chat-actions.js'

/** The error frame for a refused message. */
export interface ChatRefusal {
  code: string
  message: string
}

/**
 * Stores messages that arrive over a socket. Reads the session from the database for each one, so that a revocation
 * committed before a message applies to it, even if this node has not processed it yet.
 */
export class SocketChat {
  constructor(
    private readonly ctx: ActionContext,
    private readonly settings: SessionSettings,
    /** counts a message of this session; returns null, or the seconds to wait when there are too many */
    private readonly countMessage: (sessionId: string) => Promise<number | null>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Stores a message; its event is the confirmation. Returns null, or why it was refused. Never throws. */
  async send(
    { sessionId, tokenHash }: { sessionId: string; tokenHash: string },
    message: { chat: number; text: string; clientId: string },
  ): Promise<ChatRefusal | null> {
    try {
      const wait = await this.countMessage(sessionId)
      if (wait !== null) {
        return { code: 'too_many_requests', message: `Too many messages: wait ${wait} seconds.` }
      }
      const caller = await findLiveById(this.ctx.db, sessionId, this.settings)
      if (caller?.session.tokenHash !== tokenHash)
        return { code: 'unauthenticated', message: 'The session has ended.' }
      await sendMessage({ ...this.ctx, onBehalf: onBehalfOf(caller) }, caller.principal, message)
      return null
    } catch (error) {
      if (error instanceof DomainError) return { code: error.code, message: error.message }
      this.onError(error)
      return { code: 'unavailable', message: 'The message may not have been stored: send it again.' }
    }
  }
}
