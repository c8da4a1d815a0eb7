import type { OrderView } from '../../src/protocol/views.js'
import { notify } from '../lib/notify.js'
import { pushState } from '../lib/push.js'
import { playNewOrder } from '../lib/sound.js'
import { f } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { announce } from '../ui/announce.js'

/** Orders of one moment get one bell and one summary. */
const GATHER_MS = 300

/** The service's own notification comes as well, if it is on. */
function notifyUnlessPushed(title: string, body: string, tag: string): void {
  if (pushState.get() !== 'on') void notify(title, body, tag)
}

function alertOne({ id, seat, items }: OrderView): void {
  const list = f.list(items.map((item) => `${item.quantity} ${item.name}`))
  announce(st.board.newOrder(seat.hall, seat.name, list))
  notifyUnlessPushed(st.board.newOrderTitle(seat.name, seat.hall), list, `order-${id}`)
}

function alertMany(orders: readonly OrderView[]): void {
  const halls = new Map<string, Set<string>>()
  for (const { seat } of orders) halls.set(seat.hall, (halls.get(seat.hall) ?? new Set()).add(seat.name))
  const places = [...halls].map(([hall, seats]) => st.board.seatsIn(hall, [...seats])).join('; ')
  announce(st.board.newOrders(orders.length, places))
  notifyUnlessPushed(st.board.newOrdersTitle(orders.length), places, `orders-${orders[0]?.id}`)
}

/** Returns a function that makes a new order heard, with all others of the same moment. */
export function createNewOrderAlert(): (order: OrderView) => void {
  let gathered: OrderView[] = []
  function alert(): void {
    const [first, ...others] = gathered
    gathered = []
    if (!first) return
    playNewOrder()
    if (others.length === 0) alertOne(first)
    else alertMany([first, ...others])
  }
  return (order) => {
    gathered.push(order)
    if (gathered.length === 1) setTimeout(alert, GATHER_MS)
  }
}
