// @ts-check
import { serve } from './driver.mjs'

const [build = '', databaseUrl = '', dataDirectory = ''] = process.argv.slice(2)

/**
 * This service, as built for `npm start`.
 *
 * @type {[typeof import('../src/app.ts'), typeof import('../src/config/config.ts'), typeof import('../src/events/commit.ts'), typeof import('../src/protocol/groups.ts')]}
 */
const [{ createApp }, { loadConfig }, { commit }, { theatreOrders }] = await Promise.all([
  import(`${build}/src/app.js`),
  import(`${build}/src/config/config.js`),
  import(`${build}/src/events/commit.js`),
  import(`${build}/src/protocol/groups.js`),
])

await serve(async () => {
  const env = {
    PORT: '0',
    RATE_LIMITS: 'off',
    WS_MAX_PER_USER: '1000000',
    LOG_LEVEL: 'error',
    DRAIN_SECONDS: '0',
  }
  const config = loadConfig({ DATABASE_URL: databaseUrl, ...env }, { dataDirectory })
  const app = await createApp(config, { databaseUrl })
  const url = await app.listen({ host: config.host, port: config.port })
  const login = await app.inject({
    method: 'POST',
    url: '/api/auth/login',
    headers: { host: new URL(url).host },
    payload: { username: 'staff', password: 'houselights-demo' },
  })
  const cookie = String(login.headers['set-cookie']).split(';')[0] ?? ''
  return {
    url: `${url.replace('http', 'ws')}/ws/all-seat-datasocket/`,
    cookie,
    protocol: 'houselights.v1',
    // through the event log, as every action does; one transaction, so all are sent in one iteration of the event loop
    async emit(events, data) {
      /** @type {any} any JSON serves here */
      const event = { group: theatreOrders(1), name: 'order.seen', data }
      await commit(app.actions, async () => ({
        result: null,
        events: Array.from({ length: events }, () => event),
      }))
    },
    close: () => app.close(),
  }
})
