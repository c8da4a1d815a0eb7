import type { StoredEvent } from '../event-log.js'

/** How events look to one kind of client. Each event is encoded once per wire, however many members hear it. */
export interface Wire {
  readonly name: 'v1' | 'legacy'
  /** can read on from a position: may be slow without a queue, gets snapshots */
  readonly resumes: boolean
  /** the event as framed bytes; null: this wire does not tell it */
  encode(event: StoredEvent): Buffer | null
}
