import type { FastifyPluginAsync } from 'fastify'
import { asyncApi } from './asyncapi.js'

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign)

const row = (...cells: string[]) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
const code = (text: string) => `<code>${escaped(text)}</code>`

/** What can be called: OpenAPI of the HTTP calls, AsyncAPI of the sockets, and a page that lists both. */
export const docsRoutes: FastifyPluginAsync = async (app) => {
  // written once: nobody has to sign in for them
  const made = { openApi: '', asyncApi: JSON.stringify(asyncApi), page: '' }
  app.addHook('onReady', async () => {
    made.openApi = JSON.stringify(app.swagger())
    made.page = page()
  })
  const json = 'application/json; charset=utf-8'
  app.get('/docs/openapi.json', async (_request, reply) => reply.type(json).send(made.openApi))
  app.get('/docs/asyncapi.json', async (_request, reply) => reply.type(json).send(made.asyncApi))
  app.get('/docs', async (_request, reply) => reply.type('text/html; charset=utf-8').send(made.page))

  function page(): string {
    const calls = Object.entries(app.swagger().paths ?? {}).flatMap(([path, methods]) =>
      Object.keys(methods ?? {}).map((method) => row(code(method.toUpperCase()), code(path))),
    )
    const sockets = Object.values(asyncApi.channels).map(({ address, summary }) =>
      row(code(address), escaped(summary)),
    )
    const messages = Object.values(asyncApi.components.messages).map(({ name, summary, payload }) =>
      row(code(name), escaped(summary), code(Object.keys(payload.properties).join(', '))),
    )
    return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>houselights: API</title></head><body><h1>houselights</h1>
<p>The same for programs: <a href="/docs/openapi.json">OpenAPI of the HTTP calls</a>,
<a href="/docs/asyncapi.json">AsyncAPI of the sockets</a>.</p>
<h2>HTTP</h2><table>${calls.join('')}</table>
<h2>Sockets</h2><p>${escaped(asyncApi.info.description)}</p><table>${sockets.join('')}</table>
<h2>Messages</h2><table>${messages.join('')}</table></body></html>`
  }
}
