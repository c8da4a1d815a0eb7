import type { GroupName } from '../protocol/groups.js'
import type { ServerMessage } from '../protocol/messages.js'
import type { Bus } from './bus/bus.js'
import type { Feed, FeedReader } from './feed.js'
import { Presence } from './presence.js'
import type { Connection } from './socket/connection.js'
import { encodeMessage } from './socket/frames.js'

/** Sends each group's presence count to its members. */
export class PresenceNotifier {
  readonly presence: Presence
  private readonly changed = new Set<GroupName>()

  constructor(
    bus: Bus,
    private readonly feeds: ReadonlyMap<GroupName, Feed>,
  ) {
    this.presence = new Presence(bus, (group, count, before) => this.onChange(group, count, before))
  }

  /** Changes from or to zero are sent at once, others once a second: after a deploy a thousand may join in a second. */
  private onChange(group: GroupName, count: number, before: number): void {
    if (count > 0 && before > 0) {
      this.changed.add(group)
      return
    }
    this.broadcast(group)
  }

  private broadcast(group: GroupName): void {
    const frame = this.frameOf(group)
    for (const reader of this.feeds.get(group)?.members ?? []) reader.sendPresence(frame)
  }

  /** Sends the count to a reader that has just joined, unless it is zero. */
  welcome(group: GroupName, reader: FeedReader): void {
    if (this.presence.count(group) > 0) reader.sendPresence(this.frameOf(group))
  }

  private frameOf(group: GroupName): Buffer {
    return encodeMessage(this.messageOf(group))
  }

  private messageOf(group: GroupName): ServerMessage {
    return { type: 'presence', group, online: { staff: this.presence.count(group) } }
  }

  /** Sends the current count to one connection. */
  send(connection: Connection, group: GroupName): void {
    connection.send(this.messageOf(group))
  }

  /** Called each second. */
  tick(): void {
    this.presence.tick()
    for (const group of this.changed) this.broadcast(group)
    this.changed.clear()
  }
}
