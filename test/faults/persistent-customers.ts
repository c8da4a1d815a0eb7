import { randomUUID } from 'node:crypto'
import { PROGRAM_PATIENCE } from '../helpers/deadline.js'
import { createClient, type HttpClient } from '../helpers/http-client.js'
import { until } from '../helpers/until.js'

/** Customers who order without a pause, and repeat each order under its key until it is acknowledged. */
export interface PersistentCustomers {
  /** ids of the orders that were acknowledged, each with its key */
  acknowledged: ReadonlyMap<string, number>
  /** answers other than 200 and 201, by status; 0: none */
  failures: ReadonlyMap<number, number>
  /** Waits until so many more are acknowledged. */
  more(count: number): Promise<void>
  /** Has each finish its order; resolves when all have. */
  stop(): Promise<void>
}

interface Placed {
  order: { id: number }
}

export async function startPersistentCustomers(url: string, count: number): Promise<PersistentCustomers> {
  const acknowledged = new Map<string, number>()
  const failures = new Map<number, number>()
  let isOver = false
  const { body } = await createClient(url).get<{ menu: { id: number }[] }>('/api/seats/demo-a1')
  const items = [{ menuItemId: body.menu[0]?.id ?? 0, quantity: 1 }]

  async function place(client: HttpClient, seat: string, key: string): Promise<number | null> {
    const answer = await client
      .post<Placed>(
        `/api/seats/${seat}/orders`,
        { items, paymentMethod: 'cash' },
        { headers: { 'idempotency-key': key } },
      )
      .catch(() => null)
    const status = answer?.status ?? 0
    if (status === 200 || status === 201) return answer?.body.order.id ?? null
    failures.set(status, (failures.get(status) ?? 0) + 1)
    return null
  }

  async function order(seat: string): Promise<void> {
    const client = createClient(url)
    const { status } = await client.post('/api/auth/guest')
    if (status !== 200) throw new Error(`the guest was answered ${status}`)
    while (!isOver) {
      const key = randomUUID()
      const id = await until(() => place(client, seat, key), 'an order to be acknowledged', PROGRAM_PATIENCE)
      acknowledged.set(key, id)
    }
  }

  const running = Promise.all(Array.from({ length: count }, (_, i) => order(`demo-a${(i % 10) + 1}`)))
  // whoever waits for more sees it too
  let failed: unknown = null
  running.catch((error: unknown) => {
    failed = error
  })
  return {
    acknowledged,
    failures,
    async more(wanted) {
      const goal = acknowledged.size + wanted
      const isReached = () => {
        if (failed !== null) throw failed
        return acknowledged.size >= goal
      }
      await until(isReached, `${wanted} more orders`, PROGRAM_PATIENCE)
    },
    async stop() {
      isOver = true
      await running
    },
  }
}
