import type { OrderView } from '../../src/protocol/views.js'
import { type AppOverrides, startApp, type TestApp } from '../helpers/app.js'
import { createClient, type HttpClient } from '../helpers/http.js'

interface Teardown {
  teardown(fn: () => unknown): unknown
}

export interface Site extends TestApp {
  /** a browser that nobody has signed in with */
  browser(): HttpClient
  signIn(username: string): Promise<HttpClient>
  /** an order from a browser, of one item unless told */
  order(browser: HttpClient, body?: object, seat?: string): Promise<OrderView>
  /** a menu item of theatre 1 and one of theatre 2 */
  items: { own: number; other: number; ownPrice: number }
}

/** The service on the demo theatres, and who goes there. */
export async function openSite(t: Teardown, overrides: AppOverrides = {}): Promise<Site> {
  const site = await startApp(t, { demo: true, ...overrides })
  const { db, url } = site
  const own = await db.menuItem.findFirstOrThrow({ where: { theatreId: 1 }, orderBy: { id: 'asc' } })
  const other = await db.menuItem.findFirstOrThrow({ where: { theatreId: 2 }, orderBy: { id: 'asc' } })
  const browser = () => createClient(url)
  return {
    ...site,
    browser,
    items: { own: own.id, other: other.id, ownPrice: own.price },
    async signIn(username) {
      const client = browser()
      const answer = await client.post('/api/auth/login', { username, password: 'houselights-demo' })
      if (answer.status !== 200) throw new Error(`can’t sign in: ${answer.text}`)
      return client
    },
    async order(client, body = {}, seat = 'demo-a1') {
      const wanted = { items: [{ menuItemId: own.id, quantity: 1 }], paymentMethod: 'online', ...body }
      const answer = await client.post<{ order: OrderView }>(`/api/seats/${seat}/orders`, wanted)
      if (answer.status !== 201) throw new Error(`can’t order: ${answer.text}`)
      return answer.body.order
    },
  }
}

/** Path segments that are no id, and one that is nobody's. */
export const NO_IDS = [
  '0',
  '-1',
  '01',
  '+1',
  '1.0',
  '1e0',
  '0x1',
  '%31%20',
  '1%00',
  'x',
  '__proto__',
  '2147483648',
  '99999999999',
  '2147483647',
]
