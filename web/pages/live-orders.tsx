import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { OrderView, SignedInView } from '../../src/protocol/views.js'
import { useNow } from '../lib/clock.js'
import { useStore } from '../lib/store.js'
import { keepScreenOn, wakeLock } from '../lib/wake-lock.js'
import { unreadTotal } from '../live/chats-state.js'
import { isLive } from '../live/order-facts.js'
import { isCashOwed, isOwed, oldestFirst } from '../live/orders-state.js'
import { createBoard } from '../staff/board.js'
import { useBoardKeys, useKeyLabels } from '../staff/board-keys.js'
import { type IsShown, useChatDesk } from '../staff/chat-desk.js'
import { isManager } from '../staff/manager.js'
import { MenuPanel } from '../staff/menu-panel.js'
import { type BoardSection, sectionsOf } from '../staff/money-text.js'
import { NewBelow } from '../staff/new-below.js'
import { CashOwedList, EndedList, ItemTotals, RefundList, UnpaidList } from '../staff/order-lists.js'
import { OrderingSwitch, useMenuState } from '../staff/ordering-switch.js'
import { SeatMap } from '../staff/seat-map.js'
import { StaffHeader } from '../staff/staff-header.js'
import { startStaffPage } from '../staff/start-staff-page.js'
import { NotifySwitch, SoundSwitch } from '../staff/switches.js'
import { TicketPlace } from '../staff/ticket-place.js'
import { useTicketSlots } from '../staff/ticket-slots.js'
import { useOverdueAlert, useTitle } from '../staff/use-alerts.js'
import { useHallChoice, useTheatreChoice, useTheatreSeats, useTicketSize } from '../staff/use-theatre.js'
import { s, setTimeZone } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { Choice } from '../ui/choice.js'
import { LinkBadge } from '../ui/link-badge.js'
import { LinkBanner } from '../ui/link-banner.js'
import { NetworkBanner } from '../ui/network-banner.js'
import { FetchProblem } from '../ui/problem.js'
import { ExpiringWarning } from '../ui/session-expiry.js'
import { SessionGate } from '../ui/session-gate.js'

const FALLBACK_LIMITS = { maxTime: 20, minTime: 5 }

const inSection = (orders: readonly OrderView[], section: BoardSection): OrderView[] =>
  orders.filter((order) => sectionsOf(order).includes(section))

/** Also what only the service knows of: the order of a payment issue. Those that are live and say it stand on their tickets. */
const isRefundDue = (order: OrderView): boolean =>
  isOwed(order) ? order.dueBack > 0 && !isLive(order) : true

function LiveOrders({ session }: { session: SignedInView }) {
  const shownPlace = useRef<{ theatreId: number | null; hall: string }>({ theatreId: null, hall: '' })
  const isShown: IsShown = useCallback(({ theatreId, hall }) => {
    const place = shownPlace.current
    return theatreId === place.theatreId && (place.hall === '' || hall === place.hall)
  }, [])
  const board = useMemo(() => createBoard(isShown), [isShown])
  const desk = useChatDesk(isShown)
  const now = useNow()
  const state = useStore(board.orders)
  const problem = useStore(board.problem)
  const listed = useStore(board.theatres)
  const theatres = listed.length > 0 ? listed : session.user.theatres
  const [theatreId, chooseTheatre] = useTheatreChoice(theatres)
  const { found, isFirst, fetching } = useTheatreSeats(theatreId)
  const menu = useMenuState(found)
  const [view, setView] = useState<'cards' | 'map'>('cards')
  const [menuOpen, setMenuOpen] = useState(false)
  useBoardKeys(board)
  const keyLabels = useKeyLabels()
  useEffect(keepScreenOn, [])
  const screenLock = useStore(wakeLock)

  const ofTheatre = useMemo(
    () => oldestFirst(state.live.values()).filter((order) => order.theatreId === theatreId),
    [state.live, theatreId],
  )
  const halls = found?.halls ?? []
  const [hall, setHall] = useHallChoice(halls)
  shownPlace.current = { theatreId, hall }
  const [size, setSize] = useTicketSize()
  const inHall = ofTheatre.filter((order) => hall === '' || order.seat.hall === hall)
  const ended = state.ended.filter((order) => order.theatreId === theatreId)
  const owed = [...state.owed.values()].filter((order) => order.theatreId === theatreId)
  const shown = inSection(inHall, 'ticket')
  const filter = `${theatreId} ${hall} ${view}`
  const { slots, isHeld } = useTicketSlots(shown, board, filter)
  const limits = found?.theatre ?? FALLBACK_LIMITS
  setTimeZone(found?.theatre.timeZone)
  const name = theatres.find(({ id }) => id === theatreId)?.name ?? ''
  const { chats } = useStore(desk.state)
  const unread = unreadTotal(chats.values())
  const isLoaded = useStore(board.loaded).has(theatreId ?? 0)
  const isListed = useStore(board.listed).has(theatreId ?? 0)
  const areChatsLoaded = useStore(desk.loaded)
  const isWhole = isLoaded && isListed && areChatsLoaded && (found !== null || fetching.error !== null)
  useOverdueAlert(shown, now, found?.theatre ?? null)
  useTitle(shown.length, `${s.nav.orders} · ${name}`)

  return (
    <>
      <ExpiringWarning link={board.live.link} />
      <StaffHeader here="live-orders" user={session.user} unread={unread}>
        <NotifySwitch theatre={theatreId} hall={hall} />
        <SoundSwitch />
        <LinkBadge link={board.live.link} />
      </StaffHeader>
      <LinkBanner link={board.live.link} />
      <NetworkBanner link={board.live.link} />
      <main class="live" data-opening={!isWhole} data-size={size} data-open-orders={shown.length}>
        <div class="live-head">
          <h1>
            <span class="live-count">{isLoaded ? shown.length : '–'}</span>{' '}
            {st.board.openOrders(shown.length)} <small>{name}</small>
          </h1>
          <div class="live-filters" data-waiting={isFirst}>
            {theatres.length > 1 && (
              <Choice
                name="theatre"
                label={st.board.chooseTheatre}
                value={String(theatreId)}
                options={theatres.map((theatre) => [String(theatre.id), theatre.name])}
                onChange={(id) => chooseTheatre(Number(id))}
              />
            )}
            {halls.length > 1 && (
              <Choice
                name="hall"
                label={st.board.chooseHall}
                value={hall}
                options={[
                  ['', st.board.allHalls],
                  ...halls.map((each): [string, string] => [each.name, each.name]),
                ]}
                onChange={setHall}
              />
            )}
            <Choice
              name="view"
              label={st.board.chooseView}
              value={view}
              options={[
                ['cards', st.board.cards],
                ['map', st.board.map],
              ]}
              onChange={(next) => setView(next === 'map' ? 'map' : 'cards')}
            />
            {view === 'cards' && (
              <Choice
                name="size"
                label={st.board.chooseSize}
                value={size}
                options={[
                  ['large', st.board.large],
                  ['compact', st.board.compact],
                ]}
                onChange={(next) => setSize(next === 'compact' ? 'compact' : 'large')}
              />
            )}
            <OrderingSwitch
              theatre={menu.state?.theatre ?? null}
              timeZone={found?.theatre.timeZone ?? ''}
              onChanged={menu.restart}
            />
            <button type="button" data-action="menu" disabled={!found} onClick={() => setMenuOpen(true)}>
              {st.tools.menu}
            </button>
          </div>
        </div>
        <FetchProblem fetching={fetching} />
        {problem && (
          <div class="problem" role="alert">
            <p>{problem.text}</p>
            <button type="button" onClick={() => board.problem.set(null)}>
              {s.common.close}
            </button>
          </div>
        )}
        <ItemTotals orders={shown} isOpenFirst={size === 'large'} isHeld={isHeld} />
        {view === 'map' ? (
          <SeatMap
            halls={halls.filter((each) => hall === '' || each.name === hall)}
            {...{ orders: inHall, slots, board, now, limits, chats }}
          />
        ) : (
          <section class="board" aria-label={s.nav.orders}>
            {slots.map((slot) => (
              <TicketPlace key={`${slot.kind} ${slot.order.id}`} {...{ slot, board, now, limits, chats }} />
            ))}
            {slots.length === 0 && (
              <p class="board-empty">{isLoaded ? st.board.empty : st.board.notLoaded}</p>
            )}
          </section>
        )}
        {view === 'cards' && <NewBelow orders={shown} filter={isLoaded ? filter : null} />}
        <UnpaidList orders={inSection(inHall, 'unpaid')} />
        <CashOwedList orders={owed.filter(isCashOwed)} board={board} />
        <RefundList orders={owed.filter(isRefundDue)} canRefund={isManager(session.user)} />
        <EndedList orders={ended} timeZone={found?.theatre.timeZone} board={board} now={now} />
        {screenLock === 'unavailable' && (
          <p class="quiet small" data-wake-lock="unavailable">
            {st.board.maySleep}
          </p>
        )}
        <p class="keys-help">{st.board.keys(keyLabels)}</p>
      </main>
      {menuOpen && found && (
        <MenuPanel
          theatreId={found.theatre.id}
          timeZone={found.theatre.timeZone}
          state={menu.state}
          onChanged={menu.restart}
          onClose={() => setMenuOpen(false)}
        />
      )}
    </>
  )
}

void startStaffPage(() => (
  <SessionGate staffOnly>{(session) => <LiveOrders session={session} />}</SessionGate>
))
