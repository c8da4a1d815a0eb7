import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { listen } from './listen.js'
import { keepOutput } from './suite-output.js'
import type { Teardown } from './teardown.js'

/** One span as OTLP has it, with what is around it. */
export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  /** 2: server, 3: client, 4: producer, 5: consumer */
  kind: number
  attributes: Record<string, unknown>
  /** of the process, or node, that sent it */
  resource: Record<string, unknown>
}

export interface OtlpCollector {
  /** for OTEL_EXPORTER_OTLP_ENDPOINT */
  url: string
  /** the bodies as they came */
  readonly text: string
  readonly spans: readonly ReceivedSpan[]
  /** headers of the last request */
  readonly headers: Record<string, unknown>
}

interface KeyValue {
  key: string
  value: Record<string, unknown>
}
interface Export {
  resourceSpans: {
    resource: { attributes: KeyValue[] }
    scopeSpans: { spans: (Omit<ReceivedSpan, 'attributes' | 'resource'> & { attributes: KeyValue[] })[] }[]
  }[]
}

const read = (attributes: readonly KeyValue[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

/** A collector of spans, by OTLP over HTTP in JSON. What it gets is searched for secrets, as logs are. */
export async function startOtlpCollector(t: Teardown): Promise<OtlpCollector> {
  const spans: ReceivedSpan[] = []
  const bodies: string[] = []
  let headers: Record<string, unknown> = {}
  keepOutput(() => bodies.join('\n'))
  const server = createServer(async (request, response) => {
    const body = await text(request)
    if (request.method !== 'POST' || request.url !== '/v1/traces') return void response.writeHead(404).end()
    headers = request.headers
    bodies.push(body)
    for (const { resource, scopeSpans } of (JSON.parse(body) as Export).resourceSpans) {
      for (const span of scopeSpans.flatMap((scope) => scope.spans))
        spans.push({ ...span, attributes: read(span.attributes), resource: read(resource.attributes) })
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  const port = await listen(server)
  t.teardown(() => void server.close())
  return {
    url: `http://127.0.0.1:${port}`,
    get text() {
      return bodies.join('\n')
    },
    spans,
    get headers() {
      return headers
    },
  }
}
