import { useLayoutEffect, useRef } from 'preact/hooks'
import type { MenuItemView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { f, s } from '../strings/language.js'
import { FoodMark } from '../ui/food-mark.js'
import { MAX_QUANTITY } from './cart.js'

interface StepperProps {
  item: MenuItemView
  quantity: number
  onChange(quantity: number): void
}

/** An "Add" button, then a stepper. Moves the focus when one replaces the other, as the focused button is removed. */
export function Stepper({ item, quantity, onChange }: StepperProps) {
  const container = useRef<HTMLDivElement>(null)
  const wasReplaced = useRef(false)
  const isEmpty = quantity === 0
  useLayoutEffect(() => {
    if (wasReplaced.current)
      container.current?.querySelector<HTMLElement>('[data-action=add], [data-action=more]')?.focus()
    wasReplaced.current = false
  }, [isEmpty])
  function change(next: number): void {
    wasReplaced.current = (next === 0) !== isEmpty
    onChange(next)
  }

  return (
    <div class="pick" ref={container}>
      {isEmpty ? (
        <button
          type="button"
          class="add"
          data-action="add"
          aria-label={s.menu.addOne(item.name)}
          onClick={() => change(1)}
        >
          {s.menu.add}
        </button>
      ) : (
        <fieldset class="stepper" aria-label={s.menu.quantityOf(item.name)}>
          <button
            type="button"
            data-action="less"
            aria-label={s.menu.removeOne(item.name)}
            onClick={() => change(quantity - 1)}
          >
            −
          </button>
          <output data-quantity={quantity}>{f.number(quantity)}</output>
          <button
            type="button"
            data-action="more"
            aria-label={s.menu.addOne(item.name)}
            disabled={quantity >= MAX_QUANTITY}
            onClick={() => change(quantity + 1)}
          >
            +
          </button>
        </fieldset>
      )}
    </div>
  )
}

interface Props {
  menu: readonly MenuItemView[]
  quantity(item: MenuItemView): number
  onChange(item: MenuItemView, quantity: number): void
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
