import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { statementSummary } from './statement-summary.js'

/**
 * The attributes that leave the process. All others, and texts of errors, may hold a seat's token (paths), a key (queries),
 * values of rows or phone numbers: what an instrumentation adds in a later version must not leak them either.
 */
const ALLOWED: ReadonlySet<string> = new Set([
  'http.request.method',
  'http.route',
  'http.response.status_code',
  'fastify.type',
  'error.type',
  'db.system.name',
  'db.query.summary',
  'model',
  'method',
  'messaging.operation.name',
  'houselights.request_id',
  'houselights.group',
  'houselights.events',
  'houselights.sockets',
])

/** Passes spans on with the allowed attributes, and without events and texts of errors. */
export function filterSpans(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(withoutValues), done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}

function withoutValues(span: ReadableSpan): ReadableSpan {
  const attributes = Object.fromEntries(Object.entries(span.attributes).filter(([name]) => ALLOWED.has(name)))
  const { 'db.query.text': text } = span.attributes
  if (typeof text === 'string') attributes['db.query.summary'] = statementSummary(text)
  const replaced = { attributes, events: [], status: { code: span.status.code } }
  return Object.create(span, Object.getOwnPropertyDescriptors(replaced)) as ReadableSpan
}
