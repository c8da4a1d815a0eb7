import { useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { useFetch } from '../lib/use-fetch.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { announce } from '../ui/announce.js'
import { FetchProblem, Problem } from '../ui/problem.js'

/** Before the delivery too: the staff may collect it at any time. */
const isCashOwed = ({ paymentMethod, paymentStatus, status }: OrderView): boolean =>
  paymentMethod === 'cash' && paymentStatus === 'pending' && status !== 'cancelled'

interface Props {
  theatreId: number
  timeZone: string | undefined
  /** read again when it changes */
  version: number
  onCollected(): void
}

/** All orders whose cash has not been collected, the oldest first. */
export function CashOwedPanel({ theatreId, timeZone, version, onCollected }: Props) {
  const [found, setFound] = useState<readonly OrderView[] | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const fetching = useFetch(() => api.owedOrders(theatreId), setFound, `${theatreId} ${version}`)
  const owed = found?.filter(isCashOwed) ?? []

  async function collect({ id }: OrderView): Promise<void> {
    setBusy(true)
    setProblem(null)
    try {
      await api.changeOrder(id, 'collect-cash')
      announce(st.today.collected(id))
      onCollected()
    } catch (error) {
      setProblem(error)
    }
    setBusy(false)
    fetching.reload()
  }

  return (
    <section
      class="panel"
      aria-labelledby="cash-owed-title"
      data-opening={!found && !fetching.error}
      data-cash-owed={found ? owed.length : undefined}
    >
      <h2 id="cash-owed-title">{st.today.cashOwed}</h2>
      <FetchProblem fetching={fetching} />
      <Problem error={problem} />
      {found && owed.length === 0 && <p class="quiet">{st.today.cashOwedNone}</p>}
      {owed.length > 0 && (
        <ul class="rows">
          {owed.map((order) => (
            <li key={order.id} data-order-id={order.id}>
              <span id={`owed-${order.id}`}>
                <b>{s.common.orderNumber(order.id)}</b> · {order.seat.name}, {order.seat.hall} ·{' '}
                <time dateTime={order.createdAt}>{f.dateTime(order.createdAt, timeZone)}</time>
              </span>
              <button
                type="button"
                data-action="collect-cash"
                disabled={busy}
                aria-describedby={`owed-${order.id}`}
                onClick={() => void collect(order)}
              >
                {st.today.collect(f.money(order.total))}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
