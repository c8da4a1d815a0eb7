import { useEffect, useRef, useState } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { st } from '../strings/staff/strings.js'

interface Props {
  orders: readonly OrderView[]
  /** names what the orders are of; null: they have not been loaded */
  filter: string | null
}

const findTicket = (id: number): HTMLElement | null =>
  document.querySelector<HTMLElement>(`.board .ticket[data-order-id="${id}"]`)

/** The ids of the orders that have come since these were first shown. */
function useNewIds(orders: readonly OrderView[], filter: string | null): readonly number[] {
  const seen = useRef<{ filter: string | null; ids: Set<number> }>({ filter: null, ids: new Set() })
  if (seen.current.filter !== filter) seen.current = { filter, ids: new Set(orders.map(({ id }) => id)) }
  const { ids } = seen.current
  return orders.map(({ id }) => id).filter((id) => !ids.has(id))
}

/** Says how many new tickets are further down and were not looked at yet, and goes to the first of them. */
export function NewBelow({ orders, filter }: Props) {
  const fresh = useNewIds(orders, filter)
  const [below, setBelow] = useState<readonly number[]>([])
  const looked = useRef(new Set<number>())
  const waiting = fresh.filter((id) => !looked.current.has(id))
  const key = waiting.join(' ')

  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting, boundingClientRect } of entries) {
          const id = Number((target as HTMLElement).dataset.orderId)
          if (isIntersecting) looked.current.add(id)
          const isBelow = !isIntersecting && boundingClientRect.top > 0
          setBelow((ids) => [...ids.filter((each) => each !== id), ...(isBelow ? [id] : [])])
        }
      },
      { threshold: 0.5 },
    )
    for (const id of waiting) {
      const ticket = findTicket(id)
      if (ticket) observer.observe(ticket)
    }
    return () => observer.disconnect()
  }, [key])

  const shown = waiting.filter((id) => below.includes(id))
  if (shown.length === 0) return null
  function goTo(): void {
    const ticket = findTicket(shown[0] ?? 0)
    ticket?.scrollIntoView({ block: 'center' })
    ticket?.focus({ preventScroll: true })
  }
  return (
    <button type="button" class="primary new-below" data-action="new-below" onClick={goTo}>
      {st.board.newBelow(shown.length)}
    </button>
  )
}
