import { MAX_CHOICES, MAX_NAME } from '../../src/protocol/menu-limits.js'
import { f } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FieldProblemText, TextField } from './fields.js'
import { emptyChoice, type TypedChoice, type TypedOption } from './item-form.js'

interface Props {
  option: TypedOption
  /** from 0 */
  place: number
  /** what is wrong with a field, by its path in the option */
  problemAt(path: string): string | undefined
  /** what gets the focus once the form shows the change */
  onFocusNext(selector: string): void
  onChange(now: TypedOption): void
  onRemove(): void
}

/** An option of an item: its name, how many choices a customer makes, and the choices with what they add to the price. */
export function OptionFields(props: Props) {
  const { option, place, problemAt, onChange, onRemove } = props
  const title = st.manage.menu.option(f.number(place + 1))
  return (
    <fieldset class="option-fields" data-key={option.key}>
      <legend>{title}</legend>
      <TextField
        name="optionName"
        label={st.manage.menu.optionName}
        hint={st.manage.menu.optionNameHint}
        maxLength={MAX_NAME}
        problem={problemAt('name')}
        value={option.name}
        onText={(name) => onChange({ ...option, name })}
      />
      <div class="field-pair">
        <TextField
          name="min"
          label={st.manage.menu.min}
          inputMode="numeric"
          problem={problemAt('min')}
          value={option.min}
          onText={(min) => onChange({ ...option, min })}
        />
        <TextField
          name="max"
          label={st.manage.menu.max}
          inputMode="numeric"
          problem={problemAt('max')}
          value={option.max}
          onText={(max) => onChange({ ...option, max })}
        />
      </div>
      <Choices {...props} />
      <button type="button" data-action="remove-option" onClick={onRemove}>
        {st.manage.menu.removeOption}
        <span class="visually-hidden"> {title}</span>
      </button>
    </fieldset>
  )
}

function Choices({ option, problemAt, onFocusNext, onChange }: Props) {
  const { choices } = option
  const setChoice = (choice: TypedChoice, now: Partial<TypedChoice>): void =>
    onChange({
      ...option,
      choices: choices.map((each) => (each === choice ? { ...each, ...now } : each)),
    })
  return (
    <>
      {choices.map((choice, place) => (
        <div key={choice.key} class="choice-fields" data-key={choice.key}>
          <TextField
            name="choiceName"
            label={st.manage.menu.choice(f.number(place + 1))}
            maxLength={MAX_NAME}
            problem={problemAt(`choices.${place}.name`)}
            value={choice.name}
            onText={(name) => setChoice(choice, { name })}
          />
          <TextField
            name="choicePrice"
            label={st.manage.menu.choicePrice}
            inputMode="decimal"
            problem={problemAt(`choices.${place}.price`)}
            value={choice.price}
            onText={(price) => setChoice(choice, { price })}
          />
          <button
            type="button"
            data-action="remove-choice"
            onClick={() => {
              onFocusNext(`[data-key="${option.key}"] [data-action=add-choice]`)
              onChange({ ...option, choices: choices.filter((each) => each !== choice) })
            }}
          >
            {st.manage.remove}
            <span class="visually-hidden"> {st.manage.menu.choice(f.number(place + 1))}</span>
          </button>
        </div>
      ))}
      <FieldProblemText id={`choices-${option.key}`} problem={problemAt('choices')} />
      <button
        type="button"
        data-action="add-choice"
        disabled={choices.length >= MAX_CHOICES}
        data-invalid={problemAt('choices') !== undefined}
        aria-describedby={problemAt('choices') === undefined ? undefined : `choices-${option.key}`}
        onClick={() => {
          const choice = emptyChoice()
          onFocusNext(`[data-key="${choice.key}"] input`)
          onChange({ ...option, choices: [...choices, choice] })
        }}
      >
        {st.manage.menu.addChoice}
      </button>
    </>
  )
}
