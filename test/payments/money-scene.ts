import type { Test } from 'tap'
import type { OrderView, PaymentIssueView } from '../../src/protocol/views.js'
import { paymentText } from '../../web/customer/payment-text.js'
import { postOrder } from '../helpers/customers.js'
import type { TestDatabase } from '../helpers/database.js'
import { createClient, type HttpClient, movedTo } from '../helpers/http-client.js'
import { type Razorpay, startRazorpay } from '../helpers/razorpay.js'
import type { Webhook } from '../helpers/razorpay-outbox.js'
import { startNode, TEST_SECRETS, type TestService } from '../helpers/service.js'
import { signIn } from '../helpers/sign-in.js'
import { until } from '../helpers/until.js'
import { asksForPayment, customerPage, staffBoard } from './money-pages.js'
import { CALLS, HAPPENINGS } from './money-steps.js'

// A service, the stand-in of its payment provider, and one order at a time, for scripts of what happens to its money. A step
// is a few words; ` -> code` at its end is the error that a call must be answered with. The last words say what becomes of
// the webhooks that the step causes: lost, held (until `release`), twice, x5 (under other event ids), reversed, no-id,
// old-secret. Without any they are sent in order.

export const OLD_SECRET = 'the-webhook-secret-before-this-one'

export interface Outcome {
  /** order status and payment status */
  state: string
  refunded: number
  dueBack: number
  /** kinds; `:closed` by itself, `:noted` by a manager */
  issues: string
  /** the order's events without the first, in order */
  events: string
  /** what the order's page and the board show: see `money-pages.ts` */
  customer: string
  staff: string
}

const FATES = ['lost', 'held', 'twice', 'x5', 'reversed', 'no-id', 'old-secret'] as const
type Fate = (typeof FATES)[number]
const isFate = (word: string | undefined): word is Fate => FATES.some((fate) => fate === word)

export class MoneyScene {
  customer: HttpClient
  orderId = 0
  /** our payments of the order, and the provider's charges of them, in order */
  attempts: string[] = []
  charges: string[] = []
  held: Webhook[] = []
  private firstIssue = 0

  private constructor(
    readonly t: Test,
    readonly razorpay: Razorpay,
    private readonly env: Record<string, string>,
    public service: TestService,
    public people: Record<'staff' | 'manager' | 'admin', HttpClient>,
  ) {
    this.customer = createClient(service.url)
  }

  static async open(
    t: Test,
    { env = {}, pages = false }: { env?: Record<string, string>; pages?: boolean } = {},
  ): Promise<MoneyScene> {
    const razorpay = await startRazorpay(t, { secret: TEST_SECRETS.PAYMENT_WEBHOOK_SECRET })
    const all = { ...razorpay.env, PAYMENT_WEBHOOK_SECRET_FALLBACKS: OLD_SECRET, ...env }
    const service = await startNode(t, { env: all, pages })
    const people = await signInAll(service.url)
    return new MoneyScene(t, razorpay, all, service, people)
  }

  get database(): TestDatabase {
    return this.service.database
  }

  /** Plays the steps on a new order, and returns what has become of it. */
  async play(script: string): Promise<Outcome> {
    const steps = script.split(', ')
    this.customer = createClient(this.service.url)
    this.attempts = []
    this.charges = []
    this.held = []
    const { books, faults } = this.razorpay
    Object.assign(books, { slowRefunds: false, lowBalance: false })
    Object.assign(faults, { down: false, next: [] })
    this.firstIssue = (await this.service.db.paymentIssue.aggregate({ _max: { id: true } }))._max.id ?? 0
    const paymentMethod = steps[0] === 'cash' ? 'cash' : 'online'
    this.orderId = (await postOrder(this.customer, { paymentMethod })).id
    for (const step of steps.filter((each) => each !== 'cash')) await this.step(step)
    return await this.outcome()
  }

  private async step(step: string): Promise<void> {
    const [call = '', code] = step.split(' -> ')
    const [verb = '', ...words] = call.split(' ')
    const last = words.at(-1)
    const fate = isFate(last) ? last : null
    const given = fate ? words.slice(0, -1) : words
    const before = new Set(this.razorpay.books.charges.keys())
    const happening = HAPPENINGS[verb]
    if (happening) await happening(this, ...given)
    else await this.call(CALLS[verb], given, step, code)
    for (const id of this.razorpay.books.charges.keys()) if (!before.has(id)) this.charges.push(id)
    await this.passOn(fate)
  }

  private async call(
    call: (typeof CALLS)[string] | undefined,
    given: string[],
    step: string,
    code = 'done',
  ): Promise<void> {
    if (!call) throw new Error(`no such step: ${step}`)
    const { status, body, text } = await call(this, ...given)
    this.t.equal(status < 300 ? 'done' : body.error, code, `${step}: ${text.slice(0, 200)}`)
  }

  /** Sends the webhooks that a step caused, then those of refunds that the service requested because of them. */
  private async passOn(fate: Fate | null): Promise<void> {
    const { outbox } = this.razorpay
    const caused = outbox.take()
    for (const webhook of this.arrange(caused, fate)) {
      const secret = fate === 'old-secret' ? OLD_SECRET : undefined
      this.t.equal(await outbox.send(this.service.url, webhook, secret), 200, webhook.event)
    }
    await this.untilRequested()
    if (outbox.waiting.length > 0) await this.passOn(fate === 'lost' ? 'lost' : null)
  }

  private arrange(caused: Webhook[], fate: Fate | null): Webhook[] {
    switch (fate) {
      case 'lost':
        return []
      case 'held':
        this.held.push(...caused)
        return []
      case 'twice':
        return caused.flatMap((webhook) => [webhook, webhook])
      case 'x5':
        return [1, 2, 3, 4, 5].flatMap((n) =>
          caused.map((webhook) => ({ ...webhook, eventId: `${webhook.eventId}_${n}` })),
        )
      case 'reversed':
        return caused.toReversed()
      case 'no-id':
        return caused.map((webhook) => ({ ...webhook, eventId: null }))
      default:
        return caused
    }
  }

  /** Until the service has sent its requests, unless the provider is down. */
  private async untilRequested(): Promise<void> {
    if (this.razorpay.faults.down) return
    const { db } = this.service
    const where = { status: 'requested', tries: 0, requestKey: null } as const
    const isSent = async () => (await db.refund.count({ where })) === 0
    await until(isSent, 'the requests of refunds')
  }

  /** Ends the node, and starts another one on the same database. */
  async restart(): Promise<void> {
    const { database } = this.service
    await this.service.close()
    this.service = await startNode(this.t, { env: this.env, database })
    const { url } = this.service
    const { staff, manager, admin } = this.people
    this.customer = movedTo(url, this.customer)
    this.people = { staff: movedTo(url, staff), manager: movedTo(url, manager), admin: movedTo(url, admin) }
  }

  /** The issues since the script's start. */
  async issues(): Promise<PaymentIssueView[]> {
    const { body } = await this.people.admin.get<{ issues: PaymentIssueView[] }>('/api/payment-issues')
    return body.issues.filter(({ id }) => id > this.firstIssue).toSorted((a, b) => a.id - b.id)
  }

  private async outcome(): Promise<Outcome> {
    const path = `/api/orders/${this.orderId}`
    const { order } = (await this.customer.get<{ order: OrderView }>(path)).body
    const { order: staffs } = (await this.people.staff.get<{ order: OrderView }>(path)).body
    this.t.equal(asksForPayment(order), paymentText(order).pay !== null, 'it asks for what can be paid')
    const issues = (await this.issues()).map(({ kind, resolvedAt, note }) =>
      resolvedAt === null ? kind : `${kind}:${note === null ? 'closed' : 'noted'}`,
    )
    const events = await this.service.db.$queryRaw<{ name: string }[]>`
      SELECT name FROM live_events WHERE group_name = ${`order:${this.orderId}`} AND seq > 1 ORDER BY seq`
    return {
      state: `${order.status} ${order.paymentStatus}`,
      refunded: order.refundedAmount,
      dueBack: order.dueBack,
      issues: issues.join(' '),
      events: events.map(({ name }) => name.replace(/^.*\./, '')).join(' '),
      customer: customerPage(order),
      staff: staffBoard(staffs),
    }
  }
}

async function signInAll(url: string) {
  return {
    staff: await signIn(url, 'staff'),
    manager: await signIn(url, 'manager'),
    admin: await signIn(url, 'admin'),
  }
}
