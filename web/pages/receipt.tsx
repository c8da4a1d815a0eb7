import { useState } from 'preact/hooks'
import type { ReceiptView } from '../../src/protocol/manager-views.js'
import { ApiError, api } from '../lib/api.js'
import { plainText } from '../lib/format.js'
import { useFetch } from '../lib/use-fetch.js'
import { f, s } from '../strings/language.js'
import { CantOpen, PageMessage } from '../ui/problem.js'
import { startPage } from '../ui/start-page.js'

const orderId = Number(/^\/orders\/([1-9]\d{0,9})\/receipt\/?$/.exec(location.pathname)?.[1] ?? 0)

function Sums({ bill }: { bill: ReceiptView }) {
  const half = f.number(bill.gstRate / 2)
  const sums: [label: string, paise: number, key: string][] = [
    ...(bill.gstin === null
      ? []
      : ([
          [s.receipt.taxable, bill.taxable, 'taxable'],
          [s.receipt.cgst(half), bill.cgst, 'cgst'],
          [s.receipt.sgst(half), bill.sgst, 'sgst'],
        ] as [string, number, string][])),
    [s.receipt.total, bill.total, 'total'],
    ...(bill.refundedAmount > 0
      ? ([[s.receipt.refunded, bill.refundedAmount, 'refunded']] as [string, number, string][])
      : []),
  ]
  return (
    <dl class="bill-sums">
      {sums.map(([label, paise, key]) => (
        <div key={key} data-sum={key}>
          <dt>{label}</dt>
          <dd>{f.money(paise)}</dd>
        </div>
      ))}
    </dl>
  )
}

function Lines({ items, gstin }: ReceiptView) {
  const heads = [s.receipt.item, ...(gstin === null ? [] : [s.receipt.code]), s.receipt.quantity]
  return (
    <table class="books">
      <thead>
        <tr>
          {[...heads, s.receipt.price, s.receipt.amount].map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map(({ name, options, hsnSac, quantity, unitPrice, amount }, index) => (
          <tr key={index}>
            <th scope="row">
              {plainText(name)}
              {options.length > 0 && (
                <small class="quiet bill-options">
                  {plainText(options.map(({ choice }) => choice).join(', '))}
                </small>
              )}
            </th>
            {gstin !== null && <td>{hsnSac}</td>}
            <td>{f.number(quantity)}</td>
            <td>{f.money(unitPrice)}</td>
            <td>{f.money(amount)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Bill({ bill }: { bill: ReceiptView }) {
  return (
    <main class="tax-bill" data-bill={bill.number}>
      <header>
        <h1>{bill.gstin === null ? s.receipt.title : s.receipt.taxInvoice}</h1>
        <p class="bill-seller">
          <b>{plainText(bill.seller)}</b>
        </p>
        {bill.header && <p class="bill-header">{plainText(bill.header)}</p>}
        {bill.gstin !== null && <p>{s.receipt.gstin(bill.gstin)}</p>}
      </header>
      <p>
        {s.receipt.number(bill.number)} ·{' '}
        <time dateTime={bill.issuedAt}>{f.dateTime(bill.issuedAt, bill.timeZone)}</time>
        <br />
        {s.receipt.order(bill.orderId)} · {bill.seat.name}, {bill.seat.hall}
      </p>
      <Lines {...bill} />
      <Sums bill={bill} />
      <p>
        {s.receipt.paid[bill.paymentMethod]}. {bill.gstin !== null && s.receipt.included}
      </p>
      <p class="bill-actions no-print">
        <button type="button" class="primary" data-action="print" onClick={() => print()}>
          {s.receipt.print}
        </button>
        <a class="button" href={`/orders/${bill.orderId}`}>
          {s.receipt.back}
        </a>
      </p>
    </main>
  )
}

function Receipt() {
  const [bill, setBill] = useState<ReceiptView | null>(null)
  const fetching = useFetch(() => api.receipt(orderId), setBill)
  if (bill) return <Bill bill={bill} />
  const { error } = fetching
  if (!error) return <PageMessage title={s.common.opening} />
  if (!(error instanceof ApiError) || !error.isRefusal) return <CantOpen fetching={fetching} />
  return (
    <PageMessage title={s.receipt.missing}>
      {error.code === 'not_paid' && (
        <>
          <p>{s.receipt.notPaid}</p>
          <a class="button primary" href={`/orders/${orderId}`}>
            {s.receipt.back}
          </a>
        </>
      )}
    </PageMessage>
  )
}

void startPage(Receipt, () => s.receipt.title)
