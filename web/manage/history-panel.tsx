import { useState } from 'preact/hooks'
import type { OrderStatus, OrderView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { managerApi, type Search } from '../lib/manager-api.js'
import { describeRefund } from '../staff/money-text.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { announce } from '../ui/announce.js'
import { Problem } from '../ui/problem.js'

const STATUSES: readonly OrderStatus[] = ['placed', 'confirmed', 'seen', 'delivered', 'cancelled']
const EMPTY: Search = { q: '', from: '', to: '', status: '' }

const isPaid = ({ paymentStatus }: OrderView): boolean =>
  paymentStatus === 'paid' || paymentStatus === 'partially_refunded' || paymentStatus === 'refunded'

function Entry({ order, timeZone }: { order: OrderView; timeZone: string | undefined }) {
  const refund = describeRefund(order)
  const items = order.items.map(({ quantity, name }) => `${f.number(quantity)} × ${plainText(name)}`)
  return (
    <li data-order-id={order.id} data-status={order.status}>
      <div>
        <p>
          <b>{s.common.orderNumber(order.id)}</b> · {order.seat.name}, {order.seat.hall} ·{' '}
          <time dateTime={order.createdAt}>{f.dateTime(order.createdAt, timeZone)}</time>
        </p>
        <p class="quiet">{items.join(', ')}</p>
        <p class="quiet">
          {st.today.methods[order.paymentMethod]} · {s.status[order.status]}
          {refund && ` · ${refund}`}
        </p>
      </div>
      <span class="amount">{f.money(order.total)}</span>
      {isPaid(order) && (
        <a class="button" href={`/orders/${order.id}/receipt`} data-action="bill">
          {st.today.bill}
          <span class="visually-hidden"> {s.common.orderNumber(order.id)}</span>
        </a>
      )}
    </li>
  )
}

interface Found {
  /** what was searched for: further pages are of the same search */
  search: Search
  orders: readonly OrderView[]
  next: number | null
}

/** Orders of any time, by number, seat, item or phone. Nothing is read before a search: each request extends the session. */
export function HistoryPanel({ theatreId, timeZone }: { theatreId: number; timeZone: string | undefined }) {
  const [search, setSearch] = useState(EMPTY)
  const [found, setFound] = useState<Found | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const set = (change: Partial<Search>): void => setSearch({ ...search, ...change })

  async function read(of: Search, before: readonly OrderView[], after: number | null): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      const page = await managerApi.history(theatreId, of, after)
      setFound({ search: of, orders: [...before, ...page.orders], next: page.next })
      if (page.orders.length === 0) announce(st.today.nothingFound)
    } catch (error) {
      setProblem(error)
    }
    setBusy(false)
  }

  return (
    <section class="panel" aria-labelledby="history-title" data-found={found?.orders.length}>
      <h2 id="history-title">{st.today.history}</h2>
      <form
        class="search-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (!busy) void read(search, [], null)
        }}
      >
        <label class="field wide-field">
          <span>{st.today.search}</span>
          <input
            type="search"
            name="q"
            maxLength={100}
            autocomplete="off"
            value={search.q}
            onInput={(event) => set({ q: event.currentTarget.value })}
          />
          <small>{st.today.searchHint}</small>
        </label>
        {(['from', 'to'] as const).map((name) => (
          <label class="field" key={name}>
            <span>{st.today[name]}</span>
            <input
              type="date"
              name={name}
              value={search[name]}
              onChange={(event) => set({ [name]: event.currentTarget.value })}
            />
          </label>
        ))}
        <label class="field">
          <span>{st.today.status}</span>
          <select
            name="status"
            value={search.status}
            onChange={(event) => {
              const { value } = event.currentTarget
              set({ status: STATUSES.find((status) => status === value) ?? '' })
            }}
          >
            <option value="">{st.today.anyStatus}</option>
            {STATUSES.map((status) => (
              <option key={status} value={status}>
                {s.status[status]}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="primary" data-action="search" disabled={busy}>
          {st.today.find}
        </button>
      </form>
      <Problem error={problem} />
      {found && found.orders.length === 0 && <p>{st.today.nothingFound}</p>}
      {found && found.orders.length > 0 && (
        <ul class="rows" aria-label={st.today.found}>
          {found.orders.map((order) => (
            <Entry key={order.id} order={order} timeZone={timeZone} />
          ))}
        </ul>
      )}
      {found && found.next !== null && (
        <button
          type="button"
          data-action="more"
          disabled={busy}
          onClick={() => void read(found.search, found.orders, found.next)}
        >
          {st.today.more}
        </button>
      )}
    </section>
  )
}
