import { commit } from '../src/live/commit.js'
import { theatreOrders } from '../src/live/groups.js'
import { startApp } from '../test/helpers/app.js'
import { type Driver, serve } from './driver.js'

/** The service under load, as it is, in a process of its own: its CPU is nobody else's. */
await serve(async (): Promise<Driver> => {
  const endings: (() => unknown)[] = []
  const { app, url } = await startApp(
    { teardown: (fn) => endings.push(fn) },
    { demo: true, env: { RATE_LIMITS: 'off', WS_MAX_PER_USER: '1000000', LOG_LEVEL: 'error' } },
  )
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
    // through the log, as every action does: `events` in one transaction, so in one turn of the event loop
    async emit(events, data) {
      const event = { group: theatreOrders(1), name: 'order.seen' as const, data, legacy: null }
      await commit(app.actions, async () => ({
        result: null,
        events: Array.from({ length: events }, () => event),
      }))
    },
    async close() {
      for (const end of endings.reverse()) await end()
    },
  }
})
