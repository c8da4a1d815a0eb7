import { parseArgs } from 'node:util'
import { createRazorpayProvider } from '../payments/razorpay-provider.js'
import { type Difference, reconcile } from '../payments/reconciliation.js'
import { type Command, type CommandIo, InputError, UsageError, withContext } from './command.js'

const USAGE = `Payments of houselights.

  npm run payments -- reconcile [--since YYYY-MM-DD]

reconcile compares the books with the payment provider's, applies what differs and prints it. Without --since it goes back
five days.`

const DAY_MS = 86_400_000

async function run(argv: string[], io: CommandIo): Promise<void> {
  const options = { since: { type: 'string' } } as const
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true })
  const [verb, ...rest] = positionals
  if (verb !== 'reconcile') throw new UsageError(`Unknown command: ${verb ?? 'none'}`)
  if (rest.length > 0) throw new UsageError(`Unexpected argument: ${rest[0]}`)
  const since = readSince(values.since)
  await withContext(io, async (ctx) => {
    const { payments } = ctx.config
    if (payments.provider === 'simulated') {
      throw new InputError('PAYMENT_PROVIDER is simulated: it has no books to compare with.')
    }
    const tools = {
      provider: createRazorpayProvider(payments),
      settings: { autoRefund: payments.autoRefund },
      onIssue: (issue: { kind: string; subject: string; amount: number }) =>
        io.print(`  payment issue: ${issue.kind} ${issue.subject}, ${rupees(issue.amount)}`),
    }
    const onDifference = ({ what, id, amount }: Difference) => io.print(`  ${what} ${id}, ${rupees(amount)}`)
    const differences = await reconcile(ctx, tools, { since, all: true, onDifference })
    io.print(
      differences.length === 0
        ? `No differences since ${since.toISOString()}.`
        : `${differences.length} differences since ${since.toISOString()}: applied.`,
    )
  })
}

const rupees = (paise: number) => `₹${(paise / 100).toFixed(2)}`

function readSince(text: string | undefined): Date {
  if (text === undefined) return new Date(Date.now() - 5 * DAY_MS)
  const since = new Date(text)
  if (!/^\d{4}-\d{2}-\d{2}(?:T.*)?$/.test(text) || Number.isNaN(since.getTime())) {
    throw new UsageError(
      `Invalid option: --since must be a date such as 2026-11-01, not ${JSON.stringify(text)}.`,
    )
  }
  return since
}

/** `npm run payments` */
export const paymentsCommand: Command = { usage: USAGE, run }
