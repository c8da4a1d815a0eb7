import { useEffect, useRef, useState } from 'preact/hooks'
import type { MenuItemView, MenuStateView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { plainText } from '../lib/format.js'
import { useFetch } from '../lib/use-fetch.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FoodMark } from '../ui/food-mark.js'
import { FetchProblem, Problem } from '../ui/problem.js'
import { UntilSelect } from './until-select.js'

interface Props {
  theatreId: number
  timeZone: string
  /** as the theatre's customers have it; null: not read yet */
  state: MenuStateView | null
  /** a change was made */
  onChanged(): void
  onClose(): void
}

type Until = 'hour' | 'day'
/** when sold-out items are available again by themselves; null: not by themselves */
type Times = ReadonlyMap<number, string | null>

/** Marks menu items as sold out, for how long, or as available. */
export function MenuPanel({ theatreId, timeZone, state, onChanged, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [error, setError] = useState<unknown>(null)
  const [times, setTimes] = useState<Times | null>(null)
  const [changed, setChanged] = useState<ReadonlyMap<number, boolean>>(new Map())
  const fetching = useFetch(
    () => api.soldOut(theatreId),
    (found) => setTimes(new Map(found.map(({ menuItemId, until }) => [menuItemId, until]))),
    `${theatreId} ${state?.menu.map(({ id, available }) => (available ? '' : id)).join()}`,
  )
  useEffect(() => dialog.current?.showModal(), [])
  // what the service says now replaces what was asked of it
  useEffect(() => setChanged(new Map()), [state])

  async function change(item: MenuItemView, available: boolean, until?: Until): Promise<void> {
    try {
      const now = await api.setAvailable(item.id, available, until)
      onChanged()
      setError(null)
      setChanged((all) => new Map(all).set(item.id, now.available))
      setTimes((all) => new Map(all ?? []).set(item.id, now.soldOutUntil))
      // an answer that is under way may be older
      if (until) fetching.reload()
    } catch (problem) {
      setError(problem)
    }
  }

  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="menu-panel-title" onClose={onClose}>
      <header class="sheet-head">
        <h2 id="menu-panel-title">{st.tools.menuTitle}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {s.common.close}
        </button>
      </header>
      <Problem error={error} />
      <FetchProblem fetching={fetching} />
      {!state && <p class="quiet">{s.common.opening}</p>}
      <ul class="switches">
        {state?.menu.map((item) => (
          <MenuRow
            key={item.id}
            item={{ ...item, available: changed.get(item.id) ?? item.available }}
            until={times === null ? undefined : (times.get(item.id) ?? null)}
            timeZone={timeZone}
            onChange={(available, until) => void change(item, available, until)}
          />
        ))}
      </ul>
    </dialog>
  )
}

interface RowProps {
  item: MenuItemView
  /** undefined: not known yet */
  until: string | null | undefined
  timeZone: string
  onChange(available: boolean, until?: Until): void
}

function MenuRow({ item, until, timeZone, onChange }: RowProps) {
  const { available } = item
  return (
    <li>
      <label>
        <FoodMark diet={item.diet} />
        <span class="switch-name">{plainText(item.name)}</span>
        <input
          type="checkbox"
          role="switch"
          aria-checked={available}
          data-menu-item-id={item.id}
          checked={available}
          onChange={() => onChange(!available)}
        />
        <span class="switch-label">{available ? st.tools.available : s.menu.soldOut}</span>
      </label>
      {/* in a place that is kept free for it, so that nothing moves */}
      {!available && until !== undefined && (
        <UntilSelect
          name={item.name}
          until={until && f.time(until, timeZone)}
          onChange={(next) => onChange(false, next)}
        />
      )}
    </li>
  )
}
