import { useState } from 'preact/hooks'
import type { HallView } from '../../src/protocol/views.js'
import { byName, plainText } from '../lib/format.js'
import { managerApi } from '../lib/manager-api.js'
import { readCount, readRows } from '../lib/rows.js'
import { useLivePart } from '../lib/theatre-changes.js'
import { s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FetchProblem } from '../ui/problem.js'
import { ConfirmDialog } from './confirm-dialog.js'
import { Submit, saved, TextField } from './fields.js'
import type { PanelProps } from './panel-props.js'
import { SeatList } from './seat-list.js'
import { useChange } from './use-change.js'
import { useTyped } from './use-typed.js'

interface RowsTyped {
  rows: string
  perRow: string
}

const NO_ROWS: RowsTyped = { rows: '', perRow: '' }

/** The rows to add; null: what is typed makes none. */
function readNewRows({ rows, perRow }: RowsTyped): { name: string; seats: number }[] | null {
  const names = readRows(rows)
  const seats = readCount(perRow)
  return names && seats && seats <= 500 ? names.map((name) => ({ name, seats })) : null
}

function RowFields({ typed, onChange }: { typed: RowsTyped; onChange(typed: RowsTyped): void }) {
  return (
    <>
      <TextField
        name="rows"
        label={st.manage.rows}
        hint={st.manage.rowsHint}
        value={typed.rows}
        required
        maxLength={200}
        onText={(rows) => onChange({ ...typed, rows })}
      />
      <TextField
        name="perRow"
        label={st.manage.perRow}
        value={typed.perRow}
        required
        inputMode="numeric"
        onText={(perRow) => onChange({ ...typed, perRow })}
      />
    </>
  )
}

function HallEntry({ hall, onChanged }: { hall: HallView; onChanged(): void }) {
  const { typed: named, set: setName, reset } = useTyped({ name: hall.name })
  const [typed, setTyped] = useState(NO_ROWS)
  const [asks, setAsks] = useState(false)
  const renaming = useChange()
  const adding = useChange()
  const removal = useChange()

  async function add(): Promise<void> {
    const rows = readNewRows(typed)
    if (!rows) return adding.fail(st.manage.invalidField(st.manage.rows))
    const before = hall.seats.length
    const done = await adding.run(
      () => managerApi.changeHall(hall.id, { rows }),
      ({ seats }) => st.manage.seatsAdded(seats.length - before),
    )
    if (!done) return
    setTyped(NO_ROWS)
    onChanged()
  }

  return (
    <details class="panel hall" data-hall-id={hall.id}>
      <summary>
        {plainText(hall.name)} <span class="quiet">{st.manage.seatCount(hall.seats.length)}</span>
      </summary>
      <SeatList seats={[...hall.seats].sort(byName)} hallId={hall.id} onChanged={onChanged} />
      <form
        class="grid-form"
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        <RowFields typed={typed} onChange={setTyped} />
        <Submit change={adding} label={st.manage.addSeats} action="add-seats" />
      </form>
      <form
        class="grid-form"
        onSubmit={(event) => {
          event.preventDefault()
          const rename = async (): Promise<void> =>
            reset({ name: (await managerApi.changeHall(hall.id, named)).name })
          void renaming.run(rename, saved).then((done) => done && onChanged())
        }}
      >
        <TextField
          name="name"
          label={st.manage.name}
          value={named.name}
          required
          maxLength={100}
          onText={(name) => setName({ name })}
        />
        <Submit change={renaming} label={st.manage.renameHall} action="rename-hall" />
      </form>
      <button type="button" data-action="remove-hall" onClick={() => setAsks(true)}>
        {st.manage.removeHall}
      </button>
      {asks && (
        <ConfirmDialog
          title={st.manage.removeHallTitle(plainText(hall.name))}
          text={st.manage.removeHallText}
          submit={st.manage.removeHall}
          change={removal}
          onClose={() => setAsks(false)}
          onSubmit={() =>
            void removal
              .run(
                () => managerApi.removeHall(hall.id),
                () => st.manage.hallRemoved,
              )
              .then((done) => done && onChanged())
          }
        />
      )}
    </details>
  )
}

function NewHall({ theatreId, onAdded }: { theatreId: number; onAdded(): void }) {
  const [name, setName] = useState('')
  const [typed, setTyped] = useState(NO_ROWS)
  const change = useChange()

  async function add(): Promise<void> {
    const rows = readNewRows(typed)
    if (!rows) return change.fail(st.manage.invalidField(st.manage.rows))
    const done = await change.run(
      () => managerApi.addHall(theatreId, { name, rows }),
      ({ seats }) => st.manage.seatsAdded(seats.length),
    )
    if (!done) return
    setName('')
    setTyped(NO_ROWS)
    onAdded()
  }

  return (
    <section class="panel" aria-labelledby="new-hall">
      <h2 id="new-hall">{st.manage.addHall}</h2>
      <form
        class="grid-form"
        data-form="new-hall"
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        <TextField
          name="name"
          label={st.manage.name}
          value={name}
          required
          maxLength={100}
          onText={setName}
        />
        <RowFields typed={typed} onChange={setTyped} />
        <Submit change={change} label={st.manage.addHall} action="add-hall" />
      </form>
    </section>
  )
}

/** A theatre's halls and seats. */
export function HallsPanel({ theatreId, theatre, restart }: PanelProps) {
  const [halls, setHalls] = useState<readonly HallView[] | null>(null)
  const fetching = useLivePart<readonly HallView[]>(
    () => managerApi.halls(theatreId),
    theatre?.halls,
    restart,
    setHalls,
  )
  return (
    <>
      <FetchProblem fetching={fetching} />
      {!halls && !fetching.error && <p class="quiet">{s.common.opening}</p>}
      {halls?.length === 0 && <p>{st.manage.noHalls}</p>}
      {halls?.map((hall) => (
        <HallEntry key={hall.id} hall={hall} onChanged={fetching.reload} />
      ))}
      {halls && <NewHall theatreId={theatreId} onAdded={fetching.reload} />}
    </>
  )
}
