import fp from 'fastify-plugin'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { VERSION } from '../src/version.js'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: Metrics
  }
}

export interface Metrics {
  registry: Registry
  handshakes: Counter<'verdict' | 'reason'>
  closes: Counter<'code'>
  deprecatedKeys: Counter
  requests: Histogram<'method' | 'route' | 'status'>
  /** A gauge whose value is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): void
}

/** What an operator alarms on. No label holds anything that a client chose: routes are patterns, reasons are codes. */
export const metricsPlugin = fp(
  async (app) => {
    const registry = new Registry()
    const registers = [registry]
    collectDefaultMetrics({ register: registry })
    new Gauge({
      name: 'houselights_build_info',
      help: 'Always 1; its labels say what runs',
      labelNames: ['version', 'node'],
      registers,
    }).set({ version: VERSION, node: process.version }, 1)
    const metrics: Metrics = {
      registry,
      handshakes: new Counter({
        name: 'houselights_handshakes_total',
        help: 'Handshakes judged, by verdict and reason',
        labelNames: ['verdict', 'reason'],
        registers,
      }),
      closes: new Counter({
        name: 'houselights_socket_closes_total',
        help: 'Sockets ended, by close code',
        labelNames: ['code'],
        registers,
      }),
      deprecatedKeys: new Counter({
        name: 'houselights_deprecated_keys_total',
        help: 'Handshakes that still carried ?key=, which grants nothing',
        registers,
      }),
      requests: new Histogram({
        name: 'houselights_http_request_seconds',
        help: 'HTTP requests, by route and status',
        labelNames: ['method', 'route', 'status'],
        buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
        registers,
      }),
      gauge(name, help, read) {
        new Gauge({
          name: `houselights_${name}`,
          help,
          registers,
          collect() {
            this.set(read())
          },
        })
      },
    }
    app.decorate('metrics', metrics)
    app.addHook('onRequest', async (request) => {
      if (request.ws && /[?&]key=/.test(request.raw.url ?? '')) metrics.deprecatedKeys.inc()
    })
    app.addHook('onResponse', async (request, reply) => {
      // it lasts as long as somebody looks: it says nothing of how fast requests are
      if (String(reply.getHeader('content-type')).startsWith('text/event-stream')) return
      const route = request.routeOptions.url ?? 'none'
      metrics.requests.observe(
        { method: request.method, route, status: reply.statusCode },
        reply.elapsedTime / 1000,
      )
    })
    app.addHook('onClose', async () => registry.clear())
  },
  { name: 'metrics', fastify: '5.x', dependencies: ['websocket'] },
)
