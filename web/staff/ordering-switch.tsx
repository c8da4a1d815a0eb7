import { useEffect, useRef, useState } from 'preact/hooks'
import type { MenuStateView, OrderingView, TheatreSeatsView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { useMenuChanges } from '../lib/menu-stream.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { Problem } from '../ui/problem.js'

/** minutes that a pause is offered for */
const PAUSES = [10, 20, 30, 60]

interface LiveMenu {
  /** null: not read yet */
  state: MenuStateView | null
  /** `EventStream.restart` */
  restart(): void
}

/** The theatre's menu and how it takes orders, as its customers have it, live; by the code of one of its seats. */
export function useMenuState(found: TheatreSeatsView | null): LiveMenu {
  const [state, setState] = useState<MenuStateView | null>(null)
  const seat = found?.halls.flatMap(({ seats }) => seats)[0]
  const { restart } = useMenuChanges(seat?.token ?? null, { onState: setState, onRefused() {} })
  return { state: state?.theatre.id === found?.theatre.id ? state : null, restart }
}

interface Props {
  theatre: OrderingView | null
  timeZone: string
  /** a change was made */
  onChanged(): void
}

/** Pauses ordering, and says that it is paused and until when. */
export function OrderingSwitch({ theatre, timeZone, onChanged }: Props) {
  const [isOpen, setOpen] = useState(false)
  const [answer, setAnswer] = useState<OrderingView | null>(null)
  const [error, setError] = useState<unknown>(null)
  // what the service says now replaces the answer to the last call
  useEffect(() => setAnswer(null), [theatre])
  if (!theatre) return null
  const { id, accepting, reopensAt } = answer?.id === theatre.id ? answer : theatre

  async function run(call: () => Promise<OrderingView>): Promise<void> {
    try {
      setAnswer(await call())
      onChanged()
      setError(null)
      setOpen(false)
    } catch (problem) {
      setError(problem)
    }
  }
  const words = reopensAt === null ? st.tools.paused : st.tools.pausedUntil(f.time(reopensAt, timeZone))
  return (
    <>
      <button type="button" data-action="ordering" data-accepting={accepting} onClick={() => setOpen(true)}>
        {accepting ? st.tools.pause : words}
      </button>
      {isOpen && (
        <PauseDialog
          {...{ accepting, error }}
          title={accepting ? st.tools.pauseTitle : words}
          onPause={(minutes) => void run(() => api.pauseOrdering(id, minutes))}
          onResume={() => void run(() => api.resumeOrdering(id))}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  )
}

interface DialogProps {
  accepting: boolean
  title: string
  error: unknown
  onPause(minutes: number | null): void
  onResume(): void
  onClose(): void
}

function PauseDialog({ accepting, title, error, onPause, onResume, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="pause-title" onClose={onClose}>
      <header class="sheet-head">
        <h2 id="pause-title">{title}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {s.common.close}
        </button>
      </header>
      <Problem error={error} />
      <p>{st.tools.pauseText}</p>
      {!accepting && (
        <button type="button" class="primary wide" data-action="resume" onClick={onResume}>
          {st.tools.resume}
        </button>
      )}
      <div class="pauses">
        {PAUSES.map((minutes) => (
          <button key={minutes} type="button" data-pause={minutes} onClick={() => onPause(minutes)}>
            {st.tools.pauseFor(minutes, f)}
          </button>
        ))}
        <button type="button" data-pause="open" onClick={() => onPause(null)}>
          {st.tools.pauseOpen}
        </button>
      </div>
    </dialog>
  )
}
