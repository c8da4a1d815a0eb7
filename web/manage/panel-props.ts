import type { ManagedTheatreView } from '../../src/protocol/manager-views.js'

/** What a panel of a theatre gets. */
export interface PanelProps {
  theatreId: number
  /** as the service sent it last; null: nothing yet */
  theatre: ManagedTheatreView | null
  /** `EventStream.restart` */
  restart(): void
}
