import type { ManagedItemView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { f, s } from '../strings/language.js'
import { FoodMark } from '../ui/food-mark.js'
import { Problem } from '../ui/problem.js'

interface Props {
  item: ManagedItemView
  /** in its category, from 0 */
  place: number
  isLast: boolean
  problem: unknown
  onMove(by: -1 | 1): void
  onAvailable(available: boolean): void
  onEdit(): void
  onRemove(): void
}

/** An item of the menu, and what a manager does with it. */
export function MenuRow({ item, place, isLast, problem, onMove, onAvailable, onEdit, onRemove }: Props) {
  const { available, soldOutUntil } = item
  const name = plainText(item.name)
  const button = (action: string, label: string, onClick: () => void, more: object = {}) => (
    <button type="button" data-action={action} onClick={onClick} {...more}>
      {label}
      <span class="visually-hidden"> {name}</span>
    </button>
  )
  // not disabled at the edge, where the focus would be lost
  const move = (action: string, by: -1 | 1, arrow: string, label: string, isAtEdge: boolean) => (
    <button
      type="button"
      class="move"
      data-action={action}
      aria-disabled={isAtEdge}
      aria-keyshortcuts={by < 0 ? 'Alt+ArrowUp' : 'Alt+ArrowDown'}
      onClick={() => onMove(by)}
    >
      <span aria-hidden="true">{arrow}</span>
      <span class="visually-hidden">
        {label} {name}
      </span>
    </button>
  )
  return (
    <li
      data-menu-item-id={item.id}
      data-available={available}
      onKeyDown={(event) => {
        const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : null
        if (by === null || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
        event.preventDefault()
        onMove(by)
      }}
    >
      <div>
        <p>
          <span class="quiet">{f.number(place + 1)}.</span> <FoodMark diet={item.diet} /> <b>{name}</b>{' '}
          {f.money(item.price)}
        </p>
        {item.description && <p class="quiet">{plainText(item.description)}</p>}
        {item.options.length > 0 && (
          <p class="quiet">
            {s.manage.menu.options}: {plainText(item.options.map((option) => option.name).join(', '))}
          </p>
        )}
        {!available && soldOutUntil && <p class="quiet">{s.tools.until(f.dateTime(soldOutUntil))}</p>}
      </div>
      <div class="row-actions">
        {move('move-up', -1, '↑', s.manage.menu.moveUp, place === 0)}
        {move('move-down', 1, '↓', s.manage.menu.moveDown, isLast)}
        <label class="checkbox menu-switch">
          <input
            type="checkbox"
            role="switch"
            aria-checked={available}
            checked={available}
            onChange={() => onAvailable(!available)}
          />
          <span>
            {available ? s.tools.available : s.menu.soldOut}
            <span class="visually-hidden"> {name}</span>
          </span>
        </label>
        {button('edit-item', s.manage.menu.change, onEdit)}
        {button('remove-item', s.manage.remove, onRemove)}
      </div>
      <Problem error={problem} />
    </li>
  )
}
