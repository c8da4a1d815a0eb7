import type { ManagedItemView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { UntilSelect } from '../staff/until-select.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FoodMark } from '../ui/food-mark.js'
import { Problem } from '../ui/problem.js'
import { MoveButton } from './move-button.js'
import { onStepKey } from './step-key.js'
import type { Until } from './use-menu.js'

export interface RowActions {
  onStep(item: ManagedItemView, by: -1 | 1): void
  onAvailable(item: ManagedItemView, available: boolean, until?: Until): void
  onAsk(about: 'edit' | 'picture' | 'remove', item: ManagedItemView): void
}

interface Props extends RowActions {
  item: ManagedItemView
  /** the theatre's; undefined until it is known */
  timeZone: string | undefined
  /** in its category, from 0 */
  place: number
  /** whether there is a place above and below it, in another category too */
  canStep: { up: boolean; down: boolean }
  /** whether it may be dragged: not where some items are not shown */
  hasHandle: boolean
  problem: unknown
}

/** An item of the menu, and what a manager does with it. */
export function MenuRow(props: Props) {
  const { item, timeZone, canStep, problem, onStep, onAvailable, onAsk } = props
  const { available, soldOutUntil } = item
  const name = plainText(item.name)
  const button = (action: string, label: string, about: Parameters<typeof onAsk>[0]) => (
    <button type="button" data-action={action} onClick={() => onAsk(about, item)}>
      {label}
      <span class="visually-hidden"> {name}</span>
    </button>
  )
  return (
    <li
      data-menu-item-id={item.id}
      data-available={available}
      onKeyDown={(event) => onStepKey(event, (by) => onStep(item, by))}
    >
      <Summary {...props} />
      <div class="row-actions">
        <MoveButton name={name} by={-1} isAtEdge={!canStep.up} onMove={() => onStep(item, -1)} />
        <MoveButton name={name} by={1} isAtEdge={!canStep.down} onMove={() => onStep(item, 1)} />
        <label class="checkbox menu-switch">
          <input
            type="checkbox"
            role="switch"
            aria-checked={available}
            checked={available}
            onChange={() => onAvailable(item, !available)}
          />
          <span>
            {available ? st.tools.available : s.menu.soldOut}
            <span class="visually-hidden"> {name}</span>
          </span>
        </label>
        {!available && (
          <UntilSelect
            name={name}
            until={soldOutUntil && f.dateTime(soldOutUntil, timeZone)}
            onChange={(until) => onAvailable(item, false, until)}
          />
        )}
        {button('edit-item', st.manage.menu.change, 'edit')}
        {button('remove-item', st.manage.remove, 'remove')}
      </div>
      <Problem error={problem} />
    </li>
  )
}

function Summary({ item, place, hasHandle, onAsk }: Props) {
  const label = st.manage.picture.title(plainText(item.name))
  return (
    <div class="menu-summary">
      {/* for pointers and fingers; keys have the buttons */}
      {hasHandle && (
        <span class="drag-handle" data-drag-handle title={st.manage.menu.drag} aria-hidden="true">
          ⠿
        </span>
      )}
      <button
        type="button"
        class="thumbnail"
        data-action="picture"
        title={label}
        onClick={() => onAsk('picture', item)}
      >
        {item.picture ? (
          <img src={item.picture} alt="" loading="lazy" {...(item.pictureSize ?? {})} />
        ) : (
          <span aria-hidden="true">+</span>
        )}
        <span class="visually-hidden">{label}</span>
      </button>
      <div>
        <p>
          <span class="quiet">{f.number(place + 1)}.</span> <FoodMark diet={item.diet} />{' '}
          <b>{plainText(item.name)}</b> {f.money(item.price)}
        </p>
        {item.description && <p class="quiet">{plainText(item.description)}</p>}
        {item.options.length > 0 && (
          <p class="quiet">
            {st.manage.menu.options}: {plainText(item.options.map((option) => option.name).join(', '))}
          </p>
        )}
      </div>
    </div>
  )
}
