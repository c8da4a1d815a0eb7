/** Those of OpenTelemetry's kinds that occur. */
export type SpanKind = 'internal' | 'client' | 'producer' | 'consumer'

/** Numbers, and names from the code: never what a client or the database has sent. */
export type SpanAttributes = Readonly<Record<string, string | number>>

export interface Span {
  /** names it to other nodes, as in W3C Trace Context */
  readonly traceparent: string
  end(): void
}

/**
 * Records what the service does for a traced request as spans. Where nothing is traced (no current span, or no parent)
 * nothing is recorded. Who uses it has `Tracer | null`, null while tracing is off, which then costs one comparison.
 */
export interface Tracer {
  /** Calls `work` at once, as a span below the current one. */
  run<T>(name: string, kind: SpanKind, work: () => Promise<T>): Promise<T>
  /** The same for a statement: of its text, which must hold no values, only the kind and the table are recorded. */
  statement<T>(text: string, work: () => Promise<T>): Promise<T>
  /** Starts a span below `parent`, a traceparent, or below the current span. Null: not traced. */
  start(name: string, kind: SpanKind, attributes: SpanAttributes, parent?: string): Span | null
}
