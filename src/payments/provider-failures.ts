import { type PaymentProvider, ProviderRefused } from './provider.js'

/** The provider answered with a status that may change, such as 401 or 500. */
export class ProviderFailed extends Error {
  override readonly name = 'ProviderFailed'

  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

/** A failed call, for the log and a metric. Holds no key and nothing of a customer. */
export interface ProviderFailure {
  call: Exclude<keyof PaymentProvider, 'name' | 'publicKey' | 'checkoutUrl'>
  /** `status_401`, `timeout`, `refused`, a code of the network such as `ECONNREFUSED`, or `unexpected_response` */
  reason: string
  detail: string
}

/** A provider whose failed calls are reported before they reach their caller. */
export function reportFailures(
  provider: PaymentProvider,
  report: (failure: ProviderFailure) => void,
): PaymentProvider {
  const failed = (call: ProviderFailure['call'], error: unknown): unknown => {
    report({ call, reason: reasonOf(error), detail: detailOf(error) })
    return error
  }
  /** A payment or charge that the provider doesn't know is an answer. */
  const unlessUnknown = (call: ProviderFailure['call'], error: unknown): unknown =>
    error instanceof ProviderRefused ? error : failed(call, error)
  return {
    name: provider.name,
    publicKey: provider.publicKey,
    checkoutUrl: (paymentId) => provider.checkoutUrl(paymentId),
    createOrder: (request) =>
      provider.createOrder(request).catch(rethrow((error) => failed('createOrder', error))),
    refund: (request) => provider.refund(request).catch(rethrow((error) => failed('refund', error))),
    chargesOf: (id) => provider.chargesOf(id).catch(rethrow((error) => unlessUnknown('chargesOf', error))),
    refundsOf: (id) => provider.refundsOf(id).catch(rethrow((error) => unlessUnknown('refundsOf', error))),
    async *chargesSince(since) {
      try {
        yield* provider.chargesSince(since)
      } catch (error) {
        throw failed('chargesSince', error)
      }
    },
  }
}

const rethrow = (seen: (error: unknown) => unknown) => (error: unknown) => {
  throw seen(error)
}

/** The innermost error that has a cause of its own kind: fetch and our own errors wrap it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unexpected_response'
  if (error instanceof ProviderFailed) return `status_${error.status}`
  if (error instanceof ProviderRefused) return 'refused'
  if (error.name === 'TimeoutError') return 'timeout'
  if (error.cause instanceof Error) return reasonOf(error.cause)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return /^E?[A-Z][A-Z0-9_]+$/.test(code) ? code : 'unexpected_response'
}

function detailOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
