import type { Connection } from './connection.js'
import { textFrame } from './frames.js'
import { type GroupName, MAX_ID, theatreOrders } from './groups.js'
import type { Presence } from './presence.js'
import { encodeConnectedTheatres, encodeTheatrePresence } from './wires/legacy.js'

/** An answer, and the epoch of rights as of which it was read; null: none. */
type Ask = (text: string) => Promise<{ text: string; epoch: number } | null>

export interface LegacyOptions {
  connection: Connection
  join(group: GroupName): void
  /** null: nobody's presence is shown on this socket */
  presence: Presence | null
  /** Answers what the old chat page asks; null: nothing to answer. */
  onAsk: Ask | null
  /** Stops and goes on reading from the socket. */
  pause(): void
  resume(): void
}

/** The old pages' side of a connection: joined at once, no replay; what they send grants nothing. */
export class LegacySession {
  private waiting = 0
  private chain: Promise<void> = Promise.resolve()

  constructor(private readonly options: LegacyOptions) {}

  start(): void {
    const { connection, join } = this.options
    for (const group of connection.granted) join(group)
    if (!connection.isHeld) return this.showTheatres()
    connection.run(async () => {
      while (connection.isHeld && !connection.closed) await connection.whenReleased()
      this.showTheatres()
    })
  }

  private showTheatres(): void {
    const { connection, presence } = this.options
    if (!presence || connection.closed || connection.admission.principal.role !== 'admin') return
    connection.onPresence = (group, online) => {
      // their role may have changed since
      if (connection.admission.principal.role === 'admin') {
        connection.write(encodeTheatrePresence(group, online))
      }
    }
    connection.write(
      encodeConnectedTheatres(presence.groups().filter((group) => connection.granted.has(group))),
    )
  }

  /** One message of the client; null for a binary one. What is not known is ignored. */
  receive(text: string | null): void {
    const { connection, presence, onAsk } = this.options
    if (text === null || connection.closed) return
    // a page says for which of its theatres it shows presence; one that says nothing shows it for all
    const group = presence ? readTheatre(text) : null
    if (
      presence &&
      group &&
      connection.granted.has(group) &&
      connection.admission.principal.role === 'staff'
    ) {
      presence.show(connection, [group])
    }
    if (onAsk) this.ask(onAsk, text)
  }

  /** One question at a time: nothing more is read until all that came with it are answered. */
  private ask(onAsk: Ask, text: string): void {
    const { pause, resume } = this.options
    if (++this.waiting === 1) pause()
    this.chain = this.chain
      .then(() => this.answer(onAsk, text))
      .catch((error: unknown) => this.options.connection.host.onError(error, 'answering'))
      .finally(() => {
        if (--this.waiting === 0) resume()
      })
  }

  /** As with a snapshot: sent only once the node has applied the rights as of which it was read. */
  private async answer(onAsk: Ask, text: string): Promise<void> {
    const { connection } = this.options
    while (!connection.closed) {
      const told = await onAsk(text)
      if (!told) return
      await connection.host.reachEpoch(told.epoch)
      if (!connection.isHeld) return connection.write(textFrame(told.text))
      await connection.whenReleased()
    }
  }
}

/** `{"theatre_id": 1}`, the id as a number or as a string; anything else is nothing. */
function readTheatre(text: string): GroupName | null {
  const id = /^\s*\{\s*"theatre_id"\s*:\s*"?([1-9][0-9]{0,9})"?\s*\}\s*$/.exec(text)?.[1]
  return id === undefined || Number(id) > MAX_ID ? null : theatreOrders(Number(id))
}
