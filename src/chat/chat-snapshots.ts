import type { Transaction } from '../database/client.js'
import type { ChatView } from '../protocol/views.js'
import { listChats } from './chat-queries.js'
import { viewChat } from './chat-view.js'

/** The state of a theatre's chat group: its recent conversations, the last spoken first, at most 200. */
export async function theatreChatSnapshot(
  tx: Transaction,
  theatreId: number,
): Promise<{ chats: ChatView[] }> {
  return { chats: (await listChats(tx, theatreId)).map(viewChat) }
}
