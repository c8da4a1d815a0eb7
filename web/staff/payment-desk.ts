import type { PaymentIssueView } from '../../src/protocol/views.js'
import { ApiError, api } from '../lib/api.js'
import { newId } from '../lib/id.js'
import { fetchWithRetry } from '../lib/retry.js'
import { serverNow } from '../lib/server-time.js'
import { isString, recall, remember } from '../lib/storage.js'
import { createStore } from '../lib/store.js'
import { heldOf } from '../live/money-state.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { announce } from '../ui/announce.js'
import { explain } from '../ui/problem.js'
import { loginUrl } from '../ui/session-gate.js'

interface PaymentList {
  issues: readonly PaymentIssueView[] | null
  /** when they were read, by the service's clock */
  at: number
  error: unknown
}

function refundProblem(error: unknown): string {
  if (!(error instanceof ApiError)) return s.errors.unknown
  switch (error.code) {
    case 'nothing_to_refund':
      return st.payments.nothingToRefund
    case 'refund_refused':
      return st.payments.refused
    case 'idempotency_key_reused':
      return st.payments.otherAmount
  }
  return error.isRefusal ? explain(error) : st.payments.outcomeUnknown
}

/** State and actions of the managers' list of payments. */
export function createPaymentDesk() {
  const list = createStore<PaymentList>({ issues: null, at: 0, error: null })
  /** paise of the issues whose refunds were requested here: they stay open until the money has gone back */
  const requested = createStore<ReadonlyMap<number, number>>(new Map())

  const fetching = fetchWithRetry(
    api.paymentIssues,
    (issues) => list.set({ issues, at: serverNow(), error: null }),
    (error) => {
      if (error instanceof ApiError && error.status === 401) return location.replace(loginUrl())
      list.update((now) => ({ ...now, error }))
    },
  )

  /** Paise of the order that can still be given back; the issue's own if the service does not say. */
  async function leftOf({ orderId, amount }: PaymentIssueView): Promise<number> {
    const order = orderId === null ? null : await api.order(orderId).catch(() => null)
    return (order && heldOf(order)) || amount
  }

  /** Resolves to what went wrong, or null. The key is kept, also over a reload, until the outcome is known. */
  async function refund(
    { id, orderId }: PaymentIssueView,
    amount: number,
    left: number,
  ): Promise<string | null> {
    if (orderId === null) return s.errors.unknown
    const storageKey = `refund.${id}`
    const key = recall(storageKey, isString) ?? newId()
    remember(storageKey, key)
    try {
      await api.refundOrder(orderId, amount, key)
    } catch (error) {
      if (error instanceof ApiError && error.isRefusal) remember(storageKey, null)
      return refundProblem(error)
    }
    remember(storageKey, null)
    if (amount === left) requested.update((map) => new Map(map).set(id, amount))
    announce(st.payments.refundSent(orderId, f.money(amount)))
    fetching.reload()
    return null
  }

  async function resolve({ id }: PaymentIssueView, note: string): Promise<string | null> {
    try {
      await api.resolveIssue(id, note)
    } catch (error) {
      return explain(error)
    }
    announce(st.payments.resolvedNow)
    fetching.reload()
    return null
  }

  return { list, requested, load: fetching.reload, close: fetching.stop, leftOf, refund, resolve }
}

export type PaymentDesk = ReturnType<typeof createPaymentDesk>
