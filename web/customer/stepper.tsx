import { useLayoutEffect, useRef } from 'preact/hooks'
import { f, s } from '../strings/language.js'
import { MAX_QUANTITY } from './cart.js'

interface StepperProps {
  /** of what it counts */
  name: string
  quantity: number
  onChange(quantity: number): void
}

/** An "Add" button, then a stepper. Moves the focus when one replaces the other, as the focused button is removed. */
export function Stepper({ name, quantity, onChange }: StepperProps) {
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
    <div class="pick" ref={container} data-unguarded="">
      {isEmpty ? (
        <button
          type="button"
          class="add"
          data-action="add"
          aria-label={s.menu.addOne(name)}
          onClick={() => change(1)}
        >
          {s.menu.add}
        </button>
      ) : (
        <fieldset class="stepper" aria-label={s.menu.quantityOf(name)}>
          <button
            type="button"
            data-action="less"
            aria-label={s.menu.removeOne(name)}
            onClick={() => change(quantity - 1)}
          >
            −
          </button>
          <output data-quantity={quantity}>{f.number(quantity)}</output>
          <button
            type="button"
            data-action="more"
            aria-label={s.menu.addOne(name)}
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
