import type { Test } from 'tap'
import { cancelUnpaidOrders } from '../../src/orders/unpaid-orders.js'
import { reconcile } from '../../src/payments/reconciliation.js'
import { postOrder } from '../helpers/customers.js'
import { createClient, type HttpClient, movedTo } from '../helpers/http-client.js'
import type { Random } from '../helpers/random.js'
import type { Razorpay } from '../helpers/razorpay.js'
import { startNode, type TestService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { until } from '../helpers/until.js'

// Customers, staff, a payment provider and its webhooks, all at once and at random, on two nodes, one of which is restarted.

/** what a call may be answered with besides success */
const EXPECTED = new Set([
  'already_paid',
  'cash_order',
  'idempotency_key_reused',
  'invalid_transition',
  'nothing_to_refund',
  'order_cancelled',
  'payment_provider_unavailable',
  'payment_under_review',
  'refund_begun',
  'refund_refused',
])

type Choice = (id: number, browser: HttpClient, attempts: string[]) => Promise<unknown>
const often = (times: number, choice: Choice): Choice[] => Array(times).fill(choice)

export interface StormOptions {
  random: Random
  razorpay: Razorpay
  /** the first one is restarted */
  nodes: TestService[]
  /** the one that is not */
  steady: TestService
  env: Record<string, string>
}

export class MoneyStorm {
  readonly orders: number[] = []
  /** answers that nobody expects */
  readonly surprises: string[] = []
  private keys = 0
  private isOver = false
  private staff: HttpClient[] = []

  constructor(
    private readonly t: Test,
    private readonly given: StormOptions,
  ) {}

  /** Lets so many customers do so many things each. */
  async run(customers: number, actions: number): Promise<void> {
    const { url } = this.node
    this.staff = [await signIn(url, 'staff'), await signIn(url, 'manager'), await signIn(url, 'admin')]
    const courier = this.carry()
    const arrivals = await Promise.all(Array.from({ length: customers }, () => this.order()))
    const crowd = arrivals.map(({ id, browser }) => this.customer(id, browser, actions))
    await Promise.all([...crowd, this.restartOne(), this.trouble(customers * actions)])
    this.isOver = true
    await courier
  }

  private get node(): TestService {
    return this.given.random.pick(this.given.nodes)
  }

  private async order(): Promise<{ id: number; browser: HttpClient }> {
    const { random } = this.given
    const browser = createClient(this.node.url)
    const paymentMethod = random.chance(0.9) ? 'online' : 'cash'
    const seat = random.pick(['demo-a1', 'demo-b2'])
    // a node on a busy machine may answer 503 at first
    const busy = (error: Error) => (/answered 503/.test(error.message) ? null : Promise.reject(error))
    const order = await until(() => postOrder(browser, { seat, paymentMethod }).catch(busy), 'an order')
    this.orders.push(order.id)
    return { id: order.id, browser }
  }

  private async customer(id: number, browser: HttpClient, actions: number): Promise<void> {
    const { random } = this.given
    const attempts: string[] = []
    await this.start(id, browser, attempts)
    for (let i = 0; i < actions; i++) await random.pick(this.choices)(id, browser, attempts)
  }

  /** What a customer, or somebody else, may do about an order, and how often. */
  private readonly choices: Choice[] = [
    ...often(4, (id, browser, attempts) => this.start(id, browser, attempts)),
    ...often(5, (_id, _browser, attempts) => this.pay(attempts)),
    ...often(2, (_id, _browser, attempts) => this.atProvider(attempts)),
    ...often(3, (_id, _browser, attempts) => this.inDashboard(attempts)),
    ...often(3, (id) => this.byStaff(id)),
    ...often(3, (id) => this.refund(id)),
    ...often(1, (id, browser) => this.call(browser, `/api/orders/${id}/pay-in-cash`)),
    ...often(1, () => this.resolve()),
    ...often(1, (id) => this.timeOut(id)),
    ...often(1, () => this.reconcile()),
  ]

  private async call(client: HttpClient, path: string, body?: object, headers: Record<string, string> = {}) {
    const at = movedTo(this.node.url, client)
    const answer = await at.post<{ error?: string; payment?: { id: string } }>(path, body, { headers }).catch(
      // the node has just been stopped
      (error: NodeJS.ErrnoException) => (error.code?.startsWith('ECONN') ? null : Promise.reject(error)),
    )
    const { error = '' } = answer?.body ?? {}
    const isStopping = answer?.status === 503 && error === 'unavailable'
    if (answer && answer.status >= 400 && !EXPECTED.has(error) && !isStopping) {
      this.surprises.push(`${path}: ${answer.status} ${answer.text}`)
    }
    return answer
  }

  private async start(id: number, browser: HttpClient, attempts: string[]): Promise<void> {
    const answer = await this.call(browser, `/api/orders/${id}/payment`)
    const { id: payment } = answer?.body.payment ?? {}
    if (payment && !attempts.includes(payment)) attempts.push(payment)
  }

  private async pay(attempts: string[]): Promise<void> {
    const { random, razorpay } = this.given
    if (attempts.length === 0) return
    razorpay.books.pay(random.pick(attempts), random.chance(0.1) ? { amount: 17_000 } : {})
  }

  private async atProvider(attempts: string[]): Promise<void> {
    const { random, razorpay } = this.given
    const { books } = razorpay
    const attempt = attempts.length === 0 ? null : random.pick(attempts)
    if (random.chance(0.1)) books.pay(null, { amount: 5000 })
    if (attempt === null) return
    if (random.chance(0.6)) books.fail(attempt)
    else books.expire(books.authorize(attempt).id)
  }

  private async inDashboard(attempts: string[]): Promise<void> {
    const { random, razorpay } = this.given
    const { books } = razorpay
    const charges = attempts.flatMap((id) => books.chargesOf(id)).filter(({ captured }) => captured)
    if (charges.length === 0) return
    const charge = random.pick(charges)
    const amount = random.pick([1000, 2500, books.refundable(charge)])
    if (amount >= 100 && amount <= books.refundable(charge)) books.refund(charge.id, amount)
  }

  private async byStaff(id: number): Promise<void> {
    const step = this.given.random.pick(['seen', 'deliver', 'cancel', 'cancel', 'undo', 'collect-cash'])
    await this.call(this.person(0), `/api/orders/${id}/${step}`)
  }

  private async refund(id: number): Promise<void> {
    const { random } = this.given
    const body = random.chance(0.3) ? {} : { amount: random.pick([1000, 9000, 18_000]) }
    const headers = { 'idempotency-key': `storm-${random.chance(0.3) ? this.keys : ++this.keys}` }
    await this.call(this.person(1), `/api/orders/${id}/refund`, body, headers)
  }

  private async resolve(): Promise<void> {
    const { random } = this.given
    const { db } = this.given.steady
    const open = await db.paymentIssue.findMany({
      where: { resolvedAt: null },
      select: { id: true },
      take: 20,
    })
    if (open.length === 0 || random.chance(0.5)) return
    await this.call(this.person(2), `/api/payment-issues/${random.pick(open).id}/resolve`, {
      note: 'Settled.',
    })
  }

  private async timeOut(id: number): Promise<void> {
    const { db, app } = this.given.steady
    await db.order.update({ where: { id }, data: { createdAt: new Date(Date.now() - 3_600_000) } })
    await cancelUnpaidOrders(app.actionContext, 30)
  }

  /** Without the lock that lets one node do it at a time: as the command beside a node. */
  private async reconcile(): Promise<void> {
    const { actionContext, refunds } = this.node.app
    await reconcile(actionContext, refunds, { since: new Date(Date.now() - 86_400_000), all: true }).catch(
      () => {},
    )
  }

  private person(index: number): HttpClient {
    const person = this.staff[index]
    if (!person) throw new Error('nobody is signed in')
    return person
  }

  /** Carries webhooks to some node: late, twice, out of order, or not at all. */
  private async carry(): Promise<void> {
    const { random, razorpay } = this.given
    const { outbox } = razorpay
    while (!this.isOver || outbox.waiting.length > 0) {
      const webhook = outbox.waiting.splice(random.below(Math.min(outbox.waiting.length, 6)), 1)[0]
      if (!webhook) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        continue
      }
      if (random.chance(0.15)) continue
      const status = await outbox.send(this.node.url, webhook).catch(() => 0)
      if (status !== 0 && status !== 200 && status !== 503) this.surprises.push(`${webhook.event}: ${status}`)
      if (status !== 200 || random.chance(0.2)) outbox.waiting.push(webhook)
    }
  }

  /** The provider’s API is slow, loses answers or fails; its refunds take their time. */
  private async trouble(times: number): Promise<void> {
    const { random, razorpay } = this.given
    for (let i = 0; i < times / 4; i++) {
      razorpay.faults.delayMs = random.below(20)
      if (random.chance(0.3)) razorpay.faults.next.push(random.pick(['lost', 500, 429, 409] as const))
      razorpay.books.slowRefunds = random.chance(0.4)
      this.finishSome(0.3)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Some of the pending refunds end, well or not. */
  finishSome(share: number): void {
    const { random, razorpay } = this.given
    for (const { id, status } of razorpay.books.refunds.values()) {
      if (status !== 'pending' || !random.chance(share)) continue
      razorpay.books.finishRefund(id, random.chance(0.8) ? 'processed' : 'failed')
    }
  }

  private async restartOne(): Promise<void> {
    const { nodes, env } = this.given
    const [first, second] = nodes
    if (!first || !second) throw new Error('two nodes are needed')
    await new Promise((resolve) => setTimeout(resolve, 500))
    nodes.splice(0, 2, second)
    await first.close()
    nodes.push(await startNode(this.t, { env, database: first.database }))
  }
}
