interface Props {
  name: string
  label: string
  value: string
  options: readonly (readonly [value: string, name: string])[]
  onChange(value: string): void
}

/** A few choices side by side: radio buttons underneath, so arrows and screen readers know what to do. */
export function Choice({ name, label, value, options, onChange }: Props) {
  return (
    <fieldset class="choice" data-choice={name}>
      <legend class="aside-voice">{label}</legend>
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
