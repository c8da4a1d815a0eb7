import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Tracer } from '../src/tracing/tracer.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** null: tracing is off, and OpenTelemetry is not loaded */
    tracer: Tracer | null
  }
}

/** Paths that start no trace: probes, files, and sockets, whose handshake ends with no response. */
const UNTRACED = /^\/(?:healthz|readyz|metrics|docs|assets|media|ws)(?:[/?]|$)/

/** Traces requests with OpenTelemetry where OTEL_EXPORTER_OTLP_ENDPOINT is set. Before every plugin that has hooks. */
export const tracingPlugin = fp(
  async (app) => {
    const { tracing } = app.config
    if (!tracing) return void app.decorate('tracer', null)
    const [{ startOpenTelemetry }, { FastifyOtelInstrumentation }, { PrismaInstrumentation }] =
      await Promise.all([
        import('../src/tracing/open-telemetry.js'),
        import('@fastify/otel'),
        import('@prisma/instrumentation'),
      ])
    const { tracer, provider, untraced, close } = startOpenTelemetry(tracing)
    app.addHook('onClose', close)
    app.decorate('tracer', tracer)
    const prisma = new PrismaInstrumentation()
    prisma.setTracerProvider(provider)
    prisma.enable()
    // a connection’s next request is started in the context of the response before it
    app.addHook('onRequest', (request, _reply, done) => {
      dropForeignParent(request)
      untraced(done)
    })
    const requests = new FastifyOtelInstrumentation({
      ignorePaths: ({ url }) => UNTRACED.test(url),
      // a span for each of thirty hooks would say little and cost more than the request
      instrumentHooks: false,
      recordExceptions: false,
      requestHook(span, { id, method, routeOptions: { url = 'no route' } }) {
        span.updateName(`${method} ${url}`)
        span.setAttribute('houselights.request_id', id)
      },
    })
    requests.setTracerProvider(provider)
    await app.register(requests.plugin())
  },
  { name: 'tracing', fastify: '5.x', dependencies: ['config'] },
)

/** Anybody could make every request of theirs sampled, or join another trace: only a trusted proxy continues one. */
function dropForeignParent({ ips, raw }: FastifyRequest): void {
  // the peer and, if it is a trusted proxy, whom it forwards
  if (ips !== undefined && ips.length > 1) return
  delete raw.headers.traceparent
  delete raw.headers.tracestate
}
