import { plainText } from '../lib/format.js'
import { f, s } from '../lib/i18n.js'
import type { MenuItem } from '../lib/shapes.js'
import { FoodMark } from '../ui/parts.js'
import { MOST_OF_ONE } from './cart.js'

interface StepperProps {
  item: MenuItem
  quantity: number
  onChange(quantity: number): void
}

export function Stepper({ item, quantity, onChange }: StepperProps) {
  if (quantity === 0) {
    return (
      <button
        type="button"
        class="add"
        data-action="add"
        aria-label={s.menu.addOne(item.name)}
        onClick={() => onChange(1)}
      >
        {s.menu.add}
      </button>
    )
  }
  return (
    <fieldset class="stepper" aria-label={s.menu.quantityOf(item.name)}>
      <button
        type="button"
        data-action="less"
        aria-label={s.menu.removeOne(item.name)}
        onClick={() => onChange(quantity - 1)}
      >
        −
      </button>
      <output data-quantity={quantity}>{f.number(quantity)}</output>
      <button
        type="button"
        data-action="more"
        aria-label={s.menu.addOne(item.name)}
        disabled={quantity >= MOST_OF_ONE}
        onClick={() => onChange(quantity + 1)}
      >
        +
      </button>
    </fieldset>
  )
}

interface Props {
  menu: readonly MenuItem[]
  quantity(item: MenuItem): number
  onChange(item: MenuItem, quantity: number): void
}

export function MenuList({ menu, quantity, onChange }: Props) {
  return (
    <ul class="menu">
      {menu.map((item) => (
        <li
          key={item.id}
          class="dish"
          data-menu-item-id={item.id}
          data-available={item.available}
          data-chosen={quantity(item) > 0}
        >
          <div class="dish-text">
            <h3>
              <FoodMark vegetarian={item.vegetarian} /> {plainText(item.name)}
            </h3>
            {item.description && <p>{plainText(item.description)}</p>}
            <p class="dish-price">{f.money(item.price)}</p>
          </div>
          {item.available ? (
            <Stepper item={item} quantity={quantity(item)} onChange={(next) => onChange(item, next)} />
          ) : (
            <p class="sold-out">{s.menu.soldOut}</p>
          )}
        </li>
      ))}
    </ul>
  )
}
