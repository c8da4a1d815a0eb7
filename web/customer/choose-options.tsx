import { useEffect, useRef, useState } from 'preact/hooks'
import type { MenuItemView, MenuOptionView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { f, s } from '../strings/language.js'
import type { Choice } from './cart.js'
import { isEnough } from './cart-lines.js'

interface Props {
  item: MenuItemView
  onAdd(options: Choice[]): void
  onClose(): void
}

/** The dialog in which an item's options are chosen before it is added to the cart. */
export function ChooseOptions({ item, onAdd, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [chosen, setChosen] = useState<readonly Choice[]>([])
  useEffect(() => dialog.current?.showModal(), [])
  const known = chosen.filter((each) => priceOf(item, each) !== null)
  const missing = item.options.find((option) => !isEnough(option, known))
  const price = known.reduce((sum, each) => sum + (priceOf(item, each) ?? 0), item.price)

  function toggle({ name: group, max }: MenuOptionView, choice: string, isOn: boolean): void {
    const others = known.filter((each) => each.group !== group || (max > 1 && each.choice !== choice))
    setChosen(isOn ? [...others, { group, choice }] : others)
  }
  const label = !item.available
    ? s.menu.soldOut
    : missing
      ? s.menu.chooseFirst(plainText(missing.name))
      : s.menu.addFor(f.money(price))
  return (
    <dialog ref={dialog} class="sheet options" aria-labelledby="options-title" onClose={onClose}>
      <header class="sheet-head">
        <h2 id="options-title">{plainText(item.name)}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {s.common.close}
        </button>
      </header>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          onAdd([...known])
          dialog.current?.close()
        }}
      >
        <div data-unguarded="">
          {item.options.map((option) => (
            <OptionGroup key={option.name} {...{ option, chosen: known }} onToggle={toggle} />
          ))}
        </div>
        <button
          type="submit"
          class="primary wide"
          data-action="add-chosen"
          disabled={!item.available || missing !== undefined}
        >
          {label}
        </button>
      </form>
    </dialog>
  )
}

interface GroupProps {
  option: MenuOptionView
  chosen: readonly Choice[]
  onToggle(option: MenuOptionView, choice: string, isOn: boolean): void
}

function OptionGroup({ option, chosen, onToggle }: GroupProps) {
  const { name, min, max, choices } = option
  const isOn = (choice: string): boolean =>
    chosen.some((each) => each.group === name && each.choice === choice)
  const isFull = chosen.filter(({ group }) => group === name).length >= max
  // a radio button can't be taken back, which a choice that may be left out must be
  const isRadio = min === 1 && max === 1
  return (
    <fieldset class="option-group" data-option={name}>
      <legend>
        {plainText(name)}{' '}
        <small class="option-count">{s.menu.howMany(min, Math.min(max, choices.length), f)}</small>
      </legend>
      {choices.map((choice) => (
        <label key={choice.name} class="option-choice">
          <input
            type={isRadio ? 'radio' : 'checkbox'}
            name={`option ${name}`}
            checked={isOn(choice.name)}
            disabled={!isRadio && max > 1 && isFull && !isOn(choice.name)}
            onChange={({ currentTarget }) => onToggle(option, choice.name, currentTarget.checked)}
          />
          <span>{plainText(choice.name)}</span>
          {choice.price > 0 && <span class="amount">+{f.money(choice.price)}</span>}
        </label>
      ))}
    </fieldset>
  )
}

function priceOf({ options }: MenuItemView, { group, choice }: Choice): number | null {
  const option = options.find(({ name }) => name === group)
  return option?.choices.find(({ name }) => name === choice)?.price ?? null
}
