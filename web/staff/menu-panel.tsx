import { useEffect, useRef, useState } from 'preact/hooks'
import type { MenuItemView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { useReading } from '../lib/use-reading.js'
import { s } from '../strings/language.js'
import { FoodMark } from '../ui/food-mark.js'
import { Problem, ReadingProblem } from '../ui/problem.js'

interface Props {
  /** any seat of the theatre: the menu is read the way its customers read it */
  seatToken: string
  onClose(): void
}

/** Marks menu items as sold out or available. */
export function MenuPanel({ seatToken, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [menu, setMenu] = useState<readonly MenuItemView[] | null>(null)
  const [error, setError] = useState<unknown>(null)

  const reading = useReading(
    () => api.seatMenu(seatToken),
    (found) => setMenu(found.menu),
    seatToken,
  )
  useEffect(() => dialog.current?.showModal(), [])

  async function toggle(item: MenuItemView): Promise<void> {
    try {
      const changed = await api.setAvailable(item.id, !item.available)
      setError(null)
      setMenu((items) => items?.map((each) => (each.id === changed.id ? changed : each)) ?? null)
    } catch (problem) {
      setError(problem)
    }
  }

  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="menu-panel-title" onClose={onClose}>
      <header class="sheet-head">
        <h2 id="menu-panel-title">{s.tools.menuTitle}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {s.common.close}
        </button>
      </header>
      <Problem error={error} />
      <ReadingProblem reading={reading} />
      {!menu && !reading.error && <p class="quiet">{s.common.opening}</p>}
      <ul class="switches">
        {menu?.map((item) => (
          <li key={item.id}>
            <label>
              <FoodMark vegetarian={item.vegetarian} />
              <span>{item.name}</span>
              <input
                type="checkbox"
                role="switch"
                aria-checked={item.available}
                data-menu-item-id={item.id}
                checked={item.available}
                onChange={() => void toggle(item)}
              />
              <span class="switch-label">{item.available ? s.tools.available : s.menu.soldOut}</span>
            </label>
          </li>
        ))}
      </ul>
    </dialog>
  )
}
