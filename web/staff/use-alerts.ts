import { useEffect, useRef } from 'preact/hooks'
import type { OrderView } from '../../src/protocol/views.js'
import { notify } from '../lib/notify.js'
import { playOverdue } from '../lib/sound.js'
import { urgency } from '../live/orders-state.js'
import { st } from '../strings/staff/strings.js'
import { announce } from '../ui/announce.js'
import type { Limits } from './ticket.js'

const REPEAT_MS = 60_000

/** Sounds and announces when an order becomes overdue; the sound repeats each minute while one is. */
export function useOverdueAlert(orders: readonly OrderView[], now: number, limits: Limits | null): void {
  const announced = useRef(new Set<number>())
  const playedAt = useRef(0)
  useEffect(() => {
    if (!limits) return
    const late = orders.filter((order) => urgency(order, now, limits) === 'late')
    const fresh = late.filter((order) => !announced.current.has(order.id))
    for (const order of fresh) {
      announced.current.add(order.id)
      void notify(st.board.lateTitle(order.seat.name), order.seat.hall, `late-${order.id}`)
    }
    if (fresh.length > 0) announce(st.board.lateAnnouncement(fresh.map((order) => order.seat.name)), true)
    if (late.length > 0 && (fresh.length > 0 || now - playedAt.current > REPEAT_MS)) {
      playedAt.current = now
      playOverdue()
    }
  }, [orders, now, limits])
}

/** Puts the count first, so that it shows in a narrow browser tab. */
export function useTitle(count: number, title: string): void {
  useEffect(() => {
    document.title = count > 0 ? `(${count}) ${title}` : title
  }, [count, title])
}
