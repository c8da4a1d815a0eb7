import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { createAsyncApi } from './asyncapi.js'

/** Headers of the documentation's answers; all others are the service's own. */
const HEADERS = ['content-type', 'location', 'cache-control', 'etag', 'last-modified']
const CONDITIONS = ['if-none-match', 'if-modified-since']

/** Documentation of the API: OpenAPI of the HTTP calls with a page to read and try them, AsyncAPI of the sockets. */
export const docsRoutes: FastifyPluginAsync = async (app) => {
  // loaded, created and serialized at the first request: the routes are public, and a start needs none of it
  const site = once(async () => {
    const { createDocsSite } = await import('./docs-site.js')
    const created = await createDocsSite(app)
    opened.push(created)
    return created
  })
  const opened: FastifyInstance[] = []
  const openApi = once(async () => JSON.stringify((await site()).swagger()))
  const asyncApi = once(() => JSON.stringify(createAsyncApi()))
  const json = 'application/json; charset=utf-8'
  app.get('/docs/openapi.json', async (_request, reply) => reply.type(json).send(await openApi()))
  app.get('/docs/asyncapi.json', async (_request, reply) => reply.type(json).send(asyncApi()))
  for (const url of ['/docs', '/docs/*']) {
    app.get(url, async (request, reply) => {
      const headers = pick(request.headers, CONDITIONS)
      const answer = await (await site()).inject({ method: 'GET', url: request.url, headers })
      if (answer.statusCode === 404) return reply.callNotFound()
      return reply.code(answer.statusCode).headers(pick(answer.headers, HEADERS)).send(answer.rawPayload)
    })
  }
  app.addHook('onClose', () => Promise.all(opened.map((each) => each.close())))
}

function pick(headers: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])),
  )
}

function once<T>(create: () => T): () => T {
  let created: { value: T } | null = null
  return () => {
    created ??= { value: create() }
    return created.value
  }
}
