import type { ChaosCluster } from './chaos-cluster.js'
import type { Judgement } from './chaos-judge.js'
import type { Records } from './chaos-record.js'

export interface ChaosReport {
  seed: number
  forMs: number
  violations: string[]
  faults: Map<string, number>
  changes: Map<string, number>
  judgement: Judgement
  /** clients at a time, and sockets that were opened in all */
  clients: number
  sockets: number
  deliveries: number
  endings: ChaosCluster['endings']
  closes: Records['closes']
  longestOutageMs: number
  longestTrail: string
  latestEvent: { ms: number; who: string }
  /** status -> how many; 0: no answer */
  requests: Map<number, number>
  unanswered: string[]
}

/** What a run has shown, for people. */
export function describeChaos(report: ChaosReport): string[] {
  const counts = (map: Map<string | number, number>) =>
    [...map].map(([name, count]) => `${name}: ${count}`).join(', ')
  const { judgement: is } = report
  return [
    `faults: ${counts(report.faults)}`,
    `changes of rights: ${counts(report.changes)} (${is.epochs} epochs); nodes ended ${report.endings.length} times`,
    `clients: ${report.clients} at a time, ${report.sockets} sockets opened`,
    `events: ${is.events} in ${is.groups} groups, of ${is.orders} orders; ${report.deliveries} delivered`,
    `requests by status: ${counts(report.requests)}`,
    `longest outage seen by a client: ${report.longestOutageMs} ms; latest event: ${report.latestEvent.ms} ms`,
    `  ${report.longestTrail}`,
    ...report.violations.map((violation) => `VIOLATION ${violation}`),
    report.violations.length === 0
      ? `no violation, seed ${report.seed}`
      : `${report.violations.length} violations; replay: npm run chaos -- --minutes ${report.forMs / 60_000} --seed ${report.seed} --clients ${report.clients}`,
  ]
}
