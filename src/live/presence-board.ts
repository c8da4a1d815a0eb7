import type { GroupName } from '../protocol/groups.js'
import type { ServerMessage } from '../protocol/messages.js'
import type { Bus } from './bus/bus.js'
import type { Feed, FeedReader } from './feed.js'
import { Presence } from './presence.js'
import type { Connection } from './socket/connection.js'
import { encodeMessage } from './socket/frames.js'

/** Shows the members of each group how many staff are there, as often as they can take it. */
export class PresenceBoard {
  readonly presence: Presence
  private readonly due = new Set<GroupName>()

  constructor(
    bus: Bus,
    private readonly feeds: ReadonlyMap<GroupName, Feed>,
  ) {
    this.presence = new Presence(bus, (group, staff, before) => this.changed(group, staff, before))
  }

  /** The first and the last at once; how many others there are, once a second: a thousand may come at a time. */
  private changed(group: GroupName, staff: number, before: number): void {
    if (staff > 0 && before > 0) {
      this.due.add(group)
      return
    }
    this.tell(group)
  }

  private tell(group: GroupName): void {
    const frame = this.frameOf(group)
    for (const reader of this.feeds.get(group)?.members ?? []) reader.sendPresence(frame)
  }

  /** Shows the count to a reader that has just joined; nothing while nobody is present. */
  welcome(group: GroupName, reader: FeedReader): void {
    if (this.presence.count(group) > 0) reader.sendPresence(this.frameOf(group))
  }

  private frameOf(group: GroupName): Buffer {
    return encodeMessage(this.messageOf(group))
  }

  private messageOf(group: GroupName): ServerMessage {
    return { type: 'presence', group, online: { staff: this.presence.count(group) } }
  }

  /** Tells one connection how many are there now. */
  show(connection: Connection, group: GroupName): void {
    connection.send(this.messageOf(group))
  }

  /** Called each second. */
  tick(): void {
    this.presence.tick()
    for (const group of this.due) this.tell(group)
    this.due.clear()
  }
}
