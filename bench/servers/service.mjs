// @ts-check
import { serve } from './measured.mjs'

const { BENCH_BUILD: build = '', BENCH_DATA: dataDirectory = '' } = process.env

/**
 * This service, as built for `npm start`, with one more route: what any stored change costs in the same Fastify.
 *
 * @type {[typeof import('../../src/app.ts'), typeof import('../../src/config/config.ts')]}
 */
const [{ createApp }, { loadConfig }] = await Promise.all([
  import(`${build}/src/app.js`),
  import(`${build}/src/config/config.js`),
])

/** @type {NonNullable<import('../../src/app.ts').AppOptions['moreRoutes']>} the session by one query, one INSERT */
const plainRoute = async (app) => {
  const schema = {
    body: {
      type: 'object',
      properties: { text: { type: 'string' }, clientId: { type: 'string' } },
      required: ['text', 'clientId'],
    },
    response: { 201: { type: 'object', properties: { id: { type: 'integer' } } } },
  }
  app.post('/bench/plain', { preValidation: app.requireUser, schema }, async (request, reply) => {
    const { text, clientId } = /** @type {{ text: string, clientId: string }} */ (request.body)
    const { userId } = app.callerOf(request).principal
    /** @type {{ id: number }[]} */
    const [row] = await app.db.$queryRaw`
      INSERT INTO bench_rows (user_id, text, client_id) VALUES (${userId}::int, ${text}, ${clientId}) RETURNING id`
    return reply.code(201).send(row)
  })
}

const config = loadConfig(process.env, { dataDirectory })
const app = await createApp(config, { databaseUrl: config.databaseUrl ?? '', moreRoutes: plainRoute })
await app.listen({ host: config.host, port: config.port })
const address = app.server.address()
serve(typeof address === 'object' && address ? address.port : 0, () => Promise.resolve(app.close()))
