import { useState } from 'preact/hooks'
import type { HallView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { managerApi } from '../lib/manager-api.js'
import { st } from '../strings/staff/strings.js'
import { ConfirmDialog } from './confirm-dialog.js'
import { useChange } from './use-change.js'

type Seat = HallView['seats'][number]

interface Props {
  hallId: number
  seats: readonly Seat[]
  onChanged(): void
}

/** A hall's seats; the chosen one can get a new code, or be removed. */
export function SeatList({ hallId, seats, onChanged }: Props) {
  const [chosenId, setChosenId] = useState<number | null>(null)
  const [asks, setAsks] = useState<'renew' | 'remove' | null>(null)
  const change = useChange()
  const chosen = seats.find(({ id }) => id === chosenId)
  const name = plainText(chosen?.name ?? '')

  async function confirm(seat: Seat): Promise<void> {
    const done =
      asks === 'renew'
        ? await change.run(
            () => managerApi.renewSeat(seat.id),
            () => st.manage.renewed(name),
          )
        : await change.run(
            () => managerApi.changeHall(hallId, { removeSeats: [seat.id] }),
            () => st.manage.seatRemoved(name),
          )
    if (!done) return
    setAsks(null)
    onChanged()
  }

  return (
    <>
      <ul class="seat-chips">
        {seats.map((seat) => (
          <li key={seat.id}>
            <button
              type="button"
              data-seat-id={seat.id}
              aria-pressed={seat.id === chosenId}
              aria-label={st.manage.seat(plainText(seat.name))}
              onClick={() => setChosenId(seat.id === chosenId ? null : seat.id)}
            >
              {plainText(seat.name)}
            </button>
          </li>
        ))}
      </ul>
      {chosen && (
        <p class="row-actions">
          <b>{st.manage.seat(name)}</b>
          <button type="button" data-action="renew" onClick={() => setAsks('renew')}>
            {st.manage.renew}
          </button>
          <button type="button" data-action="remove-seat" onClick={() => setAsks('remove')}>
            {st.manage.removeSeat}
          </button>
          <a class="button" href="/theatre/seats/">
            {st.manage.printCodes}
          </a>
        </p>
      )}
      {change.done && <p class="quiet saved">{change.done}</p>}
      {chosen && asks && (
        <ConfirmDialog
          title={asks === 'renew' ? st.manage.renewTitle(name) : st.manage.removeSeatTitle(name)}
          text={asks === 'renew' ? st.manage.renewText : st.manage.removeSeatText}
          submit={asks === 'renew' ? st.manage.renew : st.manage.removeSeat}
          change={change}
          onClose={() => setAsks(null)}
          onSubmit={() => void confirm(chosen)}
        />
      )}
    </>
  )
}
