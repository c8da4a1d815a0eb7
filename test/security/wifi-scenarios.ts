import { createClient, type HttpClient } from '../helpers/http-client.js'

// What a stranger on a theatre's Wi-Fi, or with many addresses, does to a node. The node trusts the proxy from which this
// runs (TRUST_PROXY), so that X-Forwarded-For gives each client its address.

export const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

/** The nth of many addresses, none of which is the theatre's. */
export const addressOf = (nth: number) => `198.18.${Math.floor(nth / 250) % 250}.${(nth % 250) + 1}`

/** Guesses passwords until the address is locked, or for `max` attempts; returns the answers' statuses. */
export async function guessPasswords(url: string, address: string, max: number): Promise<number[]> {
  const statuses: number[] = []
  for (let i = 0; i < max && statuses.at(-1) !== 429; i++) {
    const credentials = { username: `nobody-${i}`, password: 'a wrong guess' }
    statuses.push((await createClient(url).post('/api/auth/login', credentials, from(address))).status)
  }
  return statuses
}

/** Sends orders for seats that do not exist until the address is locked, at most `max`; returns how many were sent. */
export async function sendBadOrders(url: string, address: string, max: number): Promise<number> {
  for (let sent = 0; sent < max; sent += 50) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        createClient(url).post(`/api/seats/no-such-seat-${sent + i}/orders`, {}, from(address)),
      ),
    )
    if (answers.some(({ status }) => status === 429)) return sent + 50
  }
  return max
}

/** a node's listen backlog is 511 */
const AT_ONCE = 200

/** Guesses a password from `count` addresses, 200 at a time; returns how often each status was answered. */
export async function guessFromEverywhere(
  url: string,
  count: number,
  usernameOf: (nth: number) => string,
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  let next = 0
  const guess = async () => {
    while (next < count) {
      const nth = next++
      const credentials = { username: usernameOf(nth), password: 'a wrong guess' }
      const { status } = await createClient(url).post('/api/auth/login', credentials, from(addressOf(nth)))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, guess))
  return statuses
}

/** Orders without a session from one seat, `count` times at once; returns how often each answer came. */
export async function floodSeat(
  url: string,
  seat: string,
  menuItemId: number,
  count: number,
): Promise<Map<string, number>> {
  const answers = new Map<string, number>()
  const order = { items: [{ menuItemId, quantity: 1 }], paymentMethod: 'cash' }
  await Promise.all(
    Array.from({ length: count }, async () => {
      const { status, body } = await createClient(url).post<{ error?: string }>(
        `/api/seats/${seat}/orders`,
        order,
      )
      const answer = body.error ?? String(status)
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
    }),
  )
  return answers
}

export async function timed<T>(work: () => Promise<T>): Promise<[result: T, ms: number]> {
  const startedAt = performance.now()
  const result = await work()
  return [result, performance.now() - startedAt]
}

/** Signs in; the client keeps its cookies. */
export async function logIn(
  client: HttpClient,
  address: string,
  username: string,
  password: string,
): Promise<number> {
  return (await client.post('/api/auth/login', { username, password }, from(address))).status
}
