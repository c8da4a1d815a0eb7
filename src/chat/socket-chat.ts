import { findLiveById, onBehalfOf, type SessionSettings } from '../accounts/sessions.js'
import { DomainError } from '../errors.js'
import type { ActionContext } from '../events/commit.js'
import { sendMessage } from './chat-actions.js'

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
    /** counts a message of this session: null, or for how many seconds there are too many */
    private readonly countMessage: (sessionId: string) => Promise<number | null>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Says something; the event itself is the answer. Null, or why it was refused. Never throws. */
  async send(
    sessionId: string,
    message: { chat: number; text: string; clientId: string },
  ): Promise<ChatRefusal | null> {
    try {
      const wait = await this.countMessage(sessionId)
      if (wait !== null) {
        return { code: 'too_many_requests', message: `Too many messages: wait ${wait} seconds.` }
      }
      const caller = await findLiveById(this.ctx.db, sessionId, this.settings)
      if (!caller) return { code: 'unauthenticated', message: 'The session has ended.' }
      await sendMessage({ ...this.ctx, onBehalf: onBehalfOf(caller) }, caller.principal, message)
      return null
    } catch (error) {
      if (error instanceof DomainError) return { code: error.code, message: error.message }
      this.onError(error)
      return { code: 'unavailable', message: 'The message may not have been stored: send it again.' }
    }
  }
}
