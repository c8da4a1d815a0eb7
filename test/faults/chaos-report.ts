import type { ChaosCluster } from './chaos-cluster.js'
import type { Records } from './chaos-record.js'
import type { LogTotals } from './chaos-verify.js'

export interface ChaosReport {
  seed: number
  forMs: number
  violations: string[]
  faults: Map<string, number>
  changes: Map<string, number>
  totals: LogTotals
  /** concurrent clients; `sockets` is the total opened */
  clients: number
  sockets: number
  deliveries: number
  exits: ChaosCluster['exits']
  closes: Records['closes']
  longestOutageMs: number
  longestTrail: string
  latestEvent: { ms: number; who: string }
  /** status -> count; 0: no response */
  requests: Map<number, number>
  unanswered: string[]
}

/** Formats a report as lines of text. */
export function describeChaos(report: ChaosReport): string[] {
  const counts = (map: Map<string | number, number>) =>
    [...map].map(([name, count]) => `${name}: ${count}`).join(', ')
  const { totals } = report
  return [
    `faults: ${counts(report.faults)}`,
    `access changes: ${counts(report.changes)} (${totals.epochs} epochs); nodes exited ${report.exits.length} times`,
    `clients: ${report.clients} concurrent, ${report.sockets} sockets opened`,
    `events: ${totals.events} in ${totals.groups} groups, of ${totals.orders} orders; ${report.deliveries} delivered`,
    `requests by status: ${counts(report.requests)}`,
    `longest outage seen by a client: ${report.longestOutageMs} ms; latest event: ${report.latestEvent.ms} ms`,
    `  ${report.longestTrail}`,
    ...report.violations.map((violation) => `VIOLATION ${violation}`),
    report.violations.length === 0
      ? `no violation, seed ${report.seed}`
      : `${report.violations.length} violations; replay: npm run chaos -- --minutes ${report.forMs / 60_000} --seed ${report.seed} --clients ${report.clients}`,
  ]
}
