import { createInterface } from 'node:readline'
import { startRazorpay } from './razorpay.js'

// The stand-in as a program, beside `npm run dev` (CONTRIBUTING.md). Its commands are lines on stdin.

const SECRET = 'a-webhook-secret-for-trying-things-out'
const USAGE = `Commands:
  list                     what the books hold
  pay ORDER [PAISE]        a customer pays
  fail ORDER               a payment fails
  refund CHARGE [PAISE]    a refund in the dashboard
  down | up                the API does not answer, or does`

const [serviceUrl = 'http://localhost:3000'] = process.argv.slice(2)
const { books, outbox, faults, env } = await startRazorpay({ teardown: () => {} }, { secret: SECRET })
const print = (text: string) => process.stdout.write(`${text}\n`)

const commands: Record<string, (id: string, paise: number | undefined) => unknown> = {
  list() {
    for (const order of books.orders.values())
      print(`${order.id}  ${order.receipt}  ${order.amount}  ${order.status}`)
    for (const charge of books.charges.values()) {
      print(
        `${charge.id}  of ${charge.order_id}  ${charge.amount}  ${charge.status}  refunded ${charge.amount_refunded}`,
      )
    }
  },
  pay: (id, paise) => books.pay(id, paise === undefined ? {} : { amount: paise }),
  fail: (id) => books.fail(id),
  refund: (id, paise) => books.refund(id, paise ?? books.charges.get(id)?.amount ?? 0),
  down: () => Object.assign(faults, { down: true }),
  up: () => Object.assign(faults, { down: false }),
}

print('Put these lines into .env, then start `npm run dev`:\n')
for (const [name, value] of Object.entries(env)) print(`${name}=${value}`)
print(`PAYMENT_WEBHOOK_SECRET=${SECRET}\n\n${USAGE}\n`)

// also the webhooks of refunds that the service requests
setInterval(() => {
  outbox.sendAll(serviceUrl).catch((error: unknown) => print(String(error)))
}, 200)

for await (const line of createInterface({ input: process.stdin })) {
  const [name = '', id = '', paise] = line.trim().split(/\s+/)
  try {
    if (name !== '')
      (commands[name] ?? (() => print(USAGE)))(id, paise === undefined ? undefined : Number(paise))
  } catch (error) {
    print(String(error))
  }
}
process.exit()
