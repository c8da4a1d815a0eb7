interface Props {
  name: string
  label: string
  value: string
  options: readonly (readonly [value: string, name: string])[]
  onChange(value: string): void
}

/** A segmented control made of radio buttons, so arrow keys and screen readers work. */
export function Choice({ name, label, value, options, onChange }: Props) {
  return (
    <fieldset class="choice" data-choice={name}>
      <legend class="visually-hidden">{label}</legend>
      {options.map(([each, text]) => (
        <label key={each} data-value={each}>
          <input
            type="radio"
            name={name}
            value={each}
            checked={each === value}
            onChange={() => onChange(each)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  )
}
