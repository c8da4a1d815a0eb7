import type { Connection } from './connection.js'
import { textFrame } from './frames.js'
import { type GroupName, MAX_ID, theatreOrders } from './groups.js'
import type { Presence } from './presence.js'
import { encodeConnectedTheatres, encodeTheatrePresence } from './wires/legacy.js'

export interface LegacyOptions {
  connection: Connection
  join(group: GroupName): void
  /** null: nobody's presence is shown on this socket */
  presence: Presence | null
  /** Answers what the old chat page asks; null: nothing to answer. */
  onAsk: ((text: string) => Promise<string | null>) | null
  /** Stops and goes on reading from the socket. */
  pause(): void
  resume(): void
}

/** The old pages' side of a connection: joined at once, no replay; what they send grants nothing. */
export class LegacySession {
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
    if (onAsk) this.answer(onAsk, text)
  }

  /** One question at a time: nothing more is read until it is answered. */
  private answer(onAsk: (text: string) => Promise<string | null>, text: string): void {
    const { connection, pause, resume } = this.options
    pause()
    onAsk(text)
      .then((answer) => {
        if (answer !== null && !connection.isHeld) connection.write(textFrame(answer))
      })
      .finally(resume)
  }
}

/** `{"theatre_id": 1}`, the id as a number or as a string; anything else is nothing. */
function readTheatre(text: string): GroupName | null {
  const id = /^\s*\{\s*"theatre_id"\s*:\s*"?([1-9][0-9]{0,9})"?\s*\}\s*$/.exec(text)?.[1]
  return id === undefined || Number(id) > MAX_ID ? null : theatreOrders(Number(id))
}
