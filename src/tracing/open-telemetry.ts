import { randomUUID } from 'node:crypto'
import {
  type Context,
  context,
  type Tracer as OtelTracer,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { parseTraceParent, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import { withDeadline } from '../concurrency/deadline.js'
import type { TracingConfig } from '../config/tracing.js'
import { VERSION } from '../version.js'
import { filterSpans } from './span-filter.js'
import { statementSummary } from './statement-summary.js'
import type { Span, Tracer } from './tracer.js'

/** Tracing by OpenTelemetry, with what its instrumentations need. */
export interface OpenTelemetry {
  tracer: Tracer
  provider: BasicTracerProvider
  /** Calls `work` outside any trace. */
  untraced<T>(work: () => T): T
  /** Sends what is pending, for at most a few seconds. Never rejects. */
  close(): Promise<void>
}

/** ms that `close` waits for the collector */
const CLOSE_MS = 2000
const KINDS: Record<string, SpanKind> = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

/** Loaded only where tracing is on. Sends spans in batches to the collector; what it does not take is dropped. */
export function startOpenTelemetry({ url, headers, serviceName, sampleRatio }: TracingConfig): OpenTelemetry {
  setGlobals()
  const exporter = new OTLPTraceExporter({ url, headers })
  const provider = new BasicTracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': serviceName,
        'service.version': VERSION,
        'service.instance.id': randomUUID(),
      }),
    ),
    sampler: new ParentBasedSampler({ root: requestsOnly(new TraceIdRatioBasedSampler(sampleRatio)) }),
    spanProcessors: [new BatchSpanProcessor(filterSpans(exporter))],
  })
  const close = async () => {
    const done = provider.shutdown()
    await withDeadline(done, CLOSE_MS, () => new Error('the collector does not answer')).catch(() => {})
  }
  return {
    tracer: createTracer(provider.getTracer('houselights', VERSION)),
    provider,
    untraced: (work) => context.with(ROOT_CONTEXT, work),
    close,
  }
}

let isSet = false

/** What OpenTelemetry has once for a process: how the current span follows asynchronous calls, and how headers name one. */
function setGlobals(): void {
  if (isSet) return
  isSet = true
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
}

/** Begins traces with requests: not with the statements of jobs and polls. */
function requestsOnly(inner: Sampler): Sampler {
  return {
    shouldSample: (parent, traceId, name, kind, attributes, links) =>
      kind === SpanKind.SERVER
        ? inner.shouldSample(parent, traceId, name, kind, attributes, links)
        : { decision: SamplingDecision.NOT_RECORD },
    toString: () => `requestsOnly(${inner.toString()})`,
  }
}

function createTracer(otel: OtelTracer): Tracer {
  async function run<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
    const parent = context.active()
    if (!isSampled(parent)) return await work()
    const span = otel.startSpan(name, options, parent)
    try {
      return await context.with(trace.setSpan(parent, span), work)
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR })
      span.setAttribute('error.type', typeOf(error))
      throw error
    } finally {
      span.end()
    }
  }
  return {
    run: (name, kind, work) => run(name, { kind: KINDS[kind] ?? SpanKind.INTERNAL }, work),
    statement(text, work) {
      const summary = statementSummary(text)
      const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': summary }
      return run(summary, { kind: SpanKind.CLIENT, attributes }, work)
    },
    start(name, kind, attributes, parent) {
      const above = parent === undefined ? context.active() : contextOf(parent)
      if (!isSampled(above)) return null
      const span = otel.startSpan(name, { kind: KINDS[kind] ?? SpanKind.INTERNAL, attributes }, above)
      const { traceId, spanId } = span.spanContext()
      return { traceparent: `00-${traceId}-${spanId}-01`, end: () => span.end() } satisfies Span
    },
  }
}

function isSampled(parent: Context): boolean {
  const flags = trace.getSpanContext(parent)?.traceFlags ?? TraceFlags.NONE
  return (flags & TraceFlags.SAMPLED) !== 0
}

/** Untraced for what is malformed. */
function contextOf(traceparent: string): Context {
  const remote = parseTraceParent(traceparent)
  return remote ? trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true }) : ROOT_CONTEXT
}

/** The error's code, such as an SQLSTATE, or its class. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
