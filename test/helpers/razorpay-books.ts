// The books of the stand-in: what it knows of orders, payments (charges) and refunds, in Razorpay's own shapes.

export interface Order {
  id: string
  entity: 'order'
  amount: number
  amount_paid: number
  amount_due: number
  currency: 'INR'
  receipt: string | null
  status: 'created' | 'attempted' | 'paid'
  attempts: number
  created_at: number
}

export interface Charge {
  id: string
  entity: 'payment'
  amount: number
  currency: string
  status: 'authorized' | 'captured' | 'refunded' | 'failed'
  /** null: a payment link's, or another product's */
  order_id: string | null
  method: 'upi'
  captured: boolean
  amount_refunded: number
  refund_status: null | 'partial' | 'full'
  fee: number
  fee_bearer: 'platform' | 'customer'
  /** personal data */
  contact: string
  created_at: number
}

export interface Refund {
  id: string
  entity: 'refund'
  amount: number
  currency: string
  payment_id: string
  receipt: string | null
  status: 'pending' | 'processed' | 'failed'
  speed_processed: 'normal'
  created_at: number
}

/** What the books say of one charge, to compare. */
export type Ledger = Record<string, { captured: number; refunded: number }>

type Announce = (event: string, payload: Record<string, { entity: object }>) => void

export interface PayOptions {
  amount?: number
  currency?: string
  /** paise that the customer pays on top */
  fee?: number
}

let made = 0
const newId = (prefix: string) => `${prefix}_${(++made).toString(36).padStart(14, '0')}`

export class RazorpayBooks {
  readonly orders = new Map<string, Order>()
  readonly charges = new Map<string, Charge>()
  readonly refunds = new Map<string, Refund>()
  /** answers by idempotency key */
  readonly keys = new Map<string, { body: string; refund: Refund }>()
  /** refunds are refused: the account's balance is too low */
  lowBalance = false
  /** new refunds stay pending until `finishRefund` */
  slowRefunds = false
  /** seconds; the time of what is made from now on */
  now = () => Math.floor(Date.now() / 1000)

  constructor(private readonly announce: Announce) {}

  createOrder(amount: number, receipt: string | null = null): Order {
    const order: Order = {
      id: newId('order'),
      entity: 'order',
      amount,
      amount_paid: 0,
      amount_due: amount,
      currency: 'INR',
      receipt,
      status: 'created',
      attempts: 0,
      created_at: this.now(),
    }
    this.orders.set(order.id, order)
    return order
  }

  /** A customer pays, and the payment is captured. `orderId` null: through a payment link. */
  pay(orderId: string | null, options: PayOptions = {}): Charge {
    const charge = this.authorize(orderId, options)
    this.capture(charge.id)
    return charge
  }

  /** The bank has confirmed a payment, which is not captured yet. */
  authorize(orderId: string | null, { amount, currency = 'INR', fee = 0 }: PayOptions = {}): Charge {
    const charge = this.addCharge(
      orderId,
      'authorized',
      amount ?? this.orders.get(orderId ?? '')?.amount ?? 0,
    )
    Object.assign(charge, { currency, amount: charge.amount + fee, fee })
    if (fee > 0) charge.fee_bearer = 'customer'
    this.announce('payment.authorized', this.payloadOf(charge))
    return charge
  }

  /** Also of a payment that had failed: the bank may confirm it days later. */
  capture(id: string): void {
    const charge = this.charge(id)
    Object.assign(charge, { status: 'captured', captured: true })
    const order = this.orders.get(charge.order_id ?? '')
    this.announce('payment.captured', this.payloadOf(charge))
    if (!order) return
    Object.assign(order, { status: 'paid', amount_paid: order.amount, amount_due: 0 })
    this.announce('order.paid', { ...this.payloadOf(charge), order: { entity: { ...order } } })
  }

  fail(orderId: string): Charge {
    const charge = this.addCharge(orderId, 'failed', this.orders.get(orderId)?.amount ?? 0)
    this.announce('payment.failed', this.payloadOf(charge))
    return charge
  }

  /** Razorpay gives back by itself what was not captured in time. */
  expire(id: string): Refund {
    const charge = this.charge(id)
    const refund = this.addRefund(charge, charge.amount, null)
    Object.assign(charge, { status: 'refunded', amount_refunded: charge.amount, refund_status: 'full' })
    this.announce('refund.created', this.payloadOf(charge, refund))
    refund.status = 'processed'
    this.announce('refund.processed', this.payloadOf(charge, refund))
    return refund
  }

  /** Gives money back: by the API, or in the dashboard. */
  refund(chargeId: string, amount: number, receipt: string | null = null): Refund {
    const charge = this.charge(chargeId)
    const refund = this.addRefund(charge, amount, receipt)
    charge.amount_refunded += amount
    this.updateStatus(charge)
    this.announce('refund.created', this.payloadOf(charge, refund))
    if (!this.slowRefunds) this.finishRefund(refund.id, 'processed')
    return refund
  }

  finishRefund(id: string, status: 'processed' | 'failed'): void {
    const refund = this.refunds.get(id)
    if (!refund) throw new Error(`no refund ${id}`)
    const charge = this.charge(refund.payment_id)
    if (status === 'failed') charge.amount_refunded -= refund.amount
    else if (refund.status === 'failed') charge.amount_refunded += refund.amount
    refund.status = status
    this.updateStatus(charge)
    this.announce(`refund.${status}`, this.payloadOf(charge, refund))
  }

  chargesOf = (orderId: string): Charge[] =>
    [...this.charges.values()].filter(({ order_id }) => order_id === orderId)

  refundsOf = (chargeId: string): Refund[] =>
    [...this.refunds.values()].filter(({ payment_id }) => payment_id === chargeId)

  refundable = ({ amount, amount_refunded }: Charge): number => amount - amount_refunded

  /** All captured charges, with what was given back of each. */
  ledger(): Ledger {
    const captured = [...this.charges.values()].filter((charge) => charge.captured)
    return Object.fromEntries(
      captured.map(({ id, amount, fee, fee_bearer }) => {
        const processed = this.refundsOf(id).filter(({ status }) => status === 'processed')
        const refunded = processed.reduce((total, refund) => total + refund.amount, 0)
        return [id, { captured: fee_bearer === 'customer' ? amount - fee : amount, refunded }]
      }),
    )
  }

  private charge(id: string): Charge {
    const charge = this.charges.get(id)
    if (!charge) throw new Error(`no payment ${id}`)
    return charge
  }

  private addCharge(orderId: string | null, status: Charge['status'], amount: number): Charge {
    const charge: Charge = {
      id: newId('pay'),
      entity: 'payment',
      amount,
      currency: 'INR',
      status,
      order_id: orderId,
      method: 'upi',
      captured: false,
      amount_refunded: 0,
      refund_status: null,
      fee: 0,
      fee_bearer: 'platform',
      contact: '+919876543210',
      created_at: this.now(),
    }
    this.charges.set(charge.id, charge)
    return charge
  }

  private addRefund(charge: Charge, amount: number, receipt: string | null): Refund {
    const refund: Refund = {
      id: newId('rfnd'),
      entity: 'refund',
      amount,
      currency: charge.currency,
      payment_id: charge.id,
      receipt,
      status: 'pending',
      speed_processed: 'normal',
      created_at: this.now(),
    }
    this.refunds.set(refund.id, refund)
    return refund
  }

  private updateStatus(charge: Charge): void {
    const isFull = charge.amount_refunded === charge.amount
    charge.status = isFull ? 'refunded' : 'captured'
    charge.refund_status = isFull ? 'full' : charge.amount_refunded > 0 ? 'partial' : null
  }

  /** Copies, as of now. */
  private payloadOf(charge: Charge, refund?: Refund): Record<string, { entity: object }> {
    return { payment: { entity: { ...charge } }, ...(refund && { refund: { entity: { ...refund } } }) }
  }
}
