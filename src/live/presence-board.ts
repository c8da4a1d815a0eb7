import type { GroupName } from '../protocol/groups.js'
import type { Bus } from './bus/bus.js'
import type { Feed } from './feed.js'
import { encodeMessage } from './frames.js'
import type { Member } from './member.js'
import { Presence } from './presence.js'
import type { Connection } from './socket/connection.js'

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
    const staff = this.presence.count(group)
    const frame = encodeMessage({ type: 'presence', group, online: { staff } })
    for (const member of this.feeds.get(group)?.members ?? []) {
      const { connection } = member
      if (connection.hasRoom) connection.write(frame)
      else this.owe(member)
    }
  }

  /** A member that has just joined. */
  welcome(member: Member): void {
    if (this.presence.count(member.feed.group) > 0) this.owe(member)
  }

  /** Tells a member at once, or as soon as its socket has room. */
  private owe(member: Member): void {
    const { connection, feed } = member
    if (connection.hasRoom) return this.show(connection, feed.group)
    member.owesPresence = true
    connection.goOnWhenDrained()
  }

  /** Tells one connection how many are there now. */
  show(connection: Connection, group: GroupName): void {
    const staff = this.presence.count(group)
    connection.send({ type: 'presence', group, online: { staff } })
  }

  /** Called each second. */
  tick(): void {
    this.presence.tick()
    for (const group of this.due) this.tell(group)
    this.due.clear()
  }
}
