import { signWebhook } from '../../src/payments/webhook-signature.js'
import { createClient } from './http-client.js'

/** A webhook that waits to be sent. */
export interface Webhook {
  /** null: sent without one */
  eventId: string | null
  event: string
  body: string | Buffer
}

let made = 0

/** What the stand-in has to tell the service. A test decides what is sent, in which order, how often, and what is lost. */
export class RazorpayOutbox {
  readonly waiting: Webhook[] = []
  /** status of each answer, in order */
  readonly answers: number[] = []

  constructor(private readonly secret: string) {}

  add(event: string, payload: object): void {
    const body = JSON.stringify({
      entity: 'event',
      account_id: 'acc_standin',
      event,
      contains: Object.keys(payload),
      payload,
      created_at: Math.floor(Date.now() / 1000),
    })
    this.waiting.push({ eventId: `evt_${++made}`, event, body })
  }

  /** Takes all that waits, in order; what is not sent then is lost. */
  take(): Webhook[] {
    return this.waiting.splice(0)
  }

  /** Sends a webhook to a node, with the signature and the headers of Razorpay. Returns the answer's status. */
  async send(url: string, { eventId, body }: Webhook, secret = this.secret): Promise<number> {
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Razorpay-Webhook/v1',
      'x-razorpay-signature': signWebhook(body, secret),
      ...(eventId !== null && { 'x-razorpay-event-id': eventId }),
    }
    const { status } = await createClient(url).request('POST', '/webhooks/payments', undefined, {
      headers,
      raw: body,
    })
    this.answers.push(status)
    return status
  }

  /** Sends all that waits, in order. */
  async sendAll(url: string): Promise<void> {
    for (const webhook of this.take()) await this.send(url, webhook)
  }
}
