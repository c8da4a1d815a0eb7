import type { StoredEvent } from '../events/event-log.js'
import type { GroupName } from '../protocol/groups.js'
import type { Span, Tracer } from '../tracing/tracer.js'

/** positions whose span is known before their event; others are not traced */
const MAX_ANNOUNCED = 256

/** The spans that the traced events of one feed belong to, until the feed has written them to its members. */
export class FeedTraces {
  private readonly announced = new Map<number, string>()
  private readonly unwritten = new Set<string>()

  constructor(
    private readonly tracer: Tracer,
    private readonly group: GroupName,
  ) {}

  /** The event will be read from the log, which does not hold its span. */
  announce(seq: number, trace: string): void {
    if (this.announced.size < MAX_ANNOUNCED) this.announced.set(seq, trace)
  }

  accept({ seq, trace = this.announced.get(seq) }: StoredEvent): void {
    if (this.announced.size > 0)
      for (const old of this.announced.keys()) if (old <= seq) this.announced.delete(old)
    if (trace !== undefined) this.unwritten.add(trace)
  }

  /** Starts a span of each trace whose events are about to be written; the caller ends them. */
  startWrite(sockets: number): Span[] {
    if (this.unwritten.size === 0) return []
    const attributes = { 'houselights.group': this.group, 'houselights.sockets': sockets }
    const spans = [...this.unwritten].flatMap(
      (trace) => this.tracer.start('write frames', 'internal', attributes, trace) ?? [],
    )
    this.unwritten.clear()
    return spans
  }
}
