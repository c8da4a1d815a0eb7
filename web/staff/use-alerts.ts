import { useEffect, useRef } from 'preact/hooks'
import type { OrderView } from '../../src/live/protocol.js'
import { notify } from '../lib/notify.js'
import { playOverdue } from '../lib/sound.js'
import { urgency } from '../live/orders-state.js'
import { s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import type { Limits } from './ticket.js'

const KNOCK_AGAIN = 60_000

/** Three knocks and a word when an order passes its limit, and again each minute while one is late. */
export function useOverdueAlert(orders: readonly OrderView[], now: number, limits: Limits | null): void {
  const told = useRef(new Set<number>())
  const knockedAt = useRef(0)
  useEffect(() => {
    if (!limits) return
    const late = orders.filter((order) => urgency(order, now, limits) === 'late')
    const fresh = late.filter((order) => !told.current.has(order.id))
    for (const order of fresh) {
      told.current.add(order.id)
      notify(s.board.lateTitle(order.seat.name), order.seat.hall, `late-${order.id}`)
    }
    if (fresh.length > 0) announce(s.board.lateVoice(fresh.map((order) => order.seat.name)), true)
    if (late.length > 0 && (fresh.length > 0 || now - knockedAt.current > KNOCK_AGAIN)) {
      knockedAt.current = now
      playOverdue()
    }
  }, [orders, now, limits])
}

/** The count first, so that it shows in the narrowest tab. */
export function useTitle(count: number, title: string): void {
  useEffect(() => {
    document.title = count > 0 ? `(${count}) ${title}` : title
  }, [count, title])
}
