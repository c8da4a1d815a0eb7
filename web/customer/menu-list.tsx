import { useLayoutEffect, useRef } from 'preact/hooks'
import { plainText } from '../lib/format.js'
import type { MenuItem } from '../lib/shapes.js'
import { f, s } from '../strings/language.js'
import { FoodMark } from '../ui/problem.js'
import { MOST_OF_ONE } from './cart.js'

interface StepperProps {
  item: MenuItem
  quantity: number
  onChange(quantity: number): void
}

/** One button while there is none, then three. The focus goes along: it would be lost with the button that goes. */
export function Stepper({ item, quantity, onChange }: StepperProps) {
  const place = useRef<HTMLDivElement>(null)
  const touched = useRef(false)
  const isEmpty = quantity === 0
  useLayoutEffect(() => {
    if (touched.current)
      place.current?.querySelector<HTMLElement>('[data-action=add], [data-action=more]')?.focus()
    touched.current = false
  }, [isEmpty])
  function change(next: number): void {
    touched.current = (next === 0) !== isEmpty
    onChange(next)
  }

  return (
    <div class="pick" ref={place}>
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
            disabled={quantity >= MOST_OF_ONE}
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
