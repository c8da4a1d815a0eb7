import { useState } from 'preact/hooks'
import type { HallView, SignedInView } from '../../src/protocol/views.js'
import { byName, isLong } from '../lib/format.js'
import { isPrivateHost } from '../lib/private-host.js'
import { QrCode } from '../staff/qr-code.js'
import { StaffHeader } from '../staff/staff-header.js'
import { startStaffPage } from '../staff/start-staff-page.js'
import { useTheatreChoice, useTheatreSeats } from '../staff/use-theatre.js'
import { st } from '../strings/staff/strings.js'
import { Choice } from '../ui/choice.js'
import { FetchProblem, PageMessage } from '../ui/problem.js'
import { SessionGate } from '../ui/session-gate.js'

const SHEET_SIZES = ['1', '4', '12', '20'] as const
type Seat = HallView['seats'][number]

function splitIntoSheets(seats: readonly Seat[], size: number): Seat[][] {
  return Array.from({ length: Math.ceil(seats.length / size) }, (_, at) =>
    seats.slice(at * size, (at + 1) * size),
  )
}

function SeatCode({
  seat,
  hall,
  theatre,
  origin,
}: {
  seat: Seat
  hall: string
  theatre: string
  origin: string
}) {
  const link = `${origin}/s/${encodeURIComponent(seat.token)}`
  return (
    <figure class="code" data-seat-id={seat.id}>
      <QrCode link={link} label={st.seats.codeOf(seat.name)} />
      <figcaption>
        <b data-long={isLong(seat.name)}>{seat.name}</b>
        <span>{hall}</span>
        <span class="code-hint">{st.seats.scan}</span>
        <span class="code-theatre">{theatre}</span>
        <a href={link}>{link.replace(/^https?:\/\//, '')}</a>
      </figcaption>
    </figure>
  )
}

function Seats({ session }: { session: SignedInView }) {
  const { theatres } = session.user
  const [theatreId, chooseTheatre] = useTheatreChoice(theatres)
  const { found, isFirst, fetching } = useTheatreSeats(theatreId)
  const [hallId, setHallId] = useState<number | null>(null)
  const [perSheet, setPerSheet] = useState('12')
  const hall = found?.halls.find(({ id }) => id === hallId) ?? found?.halls[0]
  const seats = [...(hall?.seats ?? [])].sort(byName)

  return (
    <>
      <StaffHeader here="seats" user={session.user} />
      <main class="codes" data-opening={isFirst}>
        <div class="live-head">
          <h1>{st.seats.title}</h1>
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
            {found && found.halls.length > 1 && (
              <Choice
                name="hall"
                label={st.board.chooseHall}
                value={String(hall?.id)}
                options={found.halls.map((each) => [String(each.id), each.name])}
                onChange={(id) => setHallId(Number(id))}
              />
            )}
            <Choice
              name="per-sheet"
              label={st.seats.perSheet}
              value={perSheet}
              options={SHEET_SIZES.map((count) => [count, st.seats.aSheet(Number(count))])}
              onChange={setPerSheet}
            />
            <button
              type="button"
              class="primary"
              data-action="print"
              disabled={seats.length === 0}
              onClick={() => print()}
            >
              {st.seats.print}
            </button>
          </div>
        </div>
        <p class="quiet no-print">{st.seats.help}</p>
        <FetchProblem fetching={fetching} />
        {found && found.publicUrl === null && isPrivateHost(location.hostname) && (
          <p class="problem" role="alert" data-notice="private-address">
            {st.seats.privateAddress(location.origin)}
          </p>
        )}
        {splitIntoSheets(seats, Number(perSheet)).map((group, index) => (
          <section
            key={group[0]?.id}
            class="sheet-page"
            data-per-sheet={perSheet}
            aria-label={st.seats.sheet(index + 1)}
          >
            {group.map((seat) => (
              <SeatCode
                key={seat.id}
                seat={seat}
                hall={hall?.name ?? ''}
                theatre={found?.theatre.name ?? ''}
                origin={found?.publicUrl ?? location.origin}
              />
            ))}
          </section>
        ))}
        {theatreId === null && <PageMessage title={st.seats.noTheatre} />}
      </main>
    </>
  )
}

void startStaffPage(
  () => <SessionGate staffOnly>{(session) => <Seats session={session} />}</SessionGate>,
  () => st.seats.title,
)
