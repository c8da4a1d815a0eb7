import { s } from '../strings/language.js'

interface Props {
  /** of the item */
  name: string
  /** until when it is sold out, as shown; null: until staff say otherwise */
  until: string | null
  /** undefined: until staff say otherwise */
  onChange(until?: 'hour' | 'day'): void
}

/** How long an item stays sold out. */
export function UntilSelect({ name, until, onChange }: Props) {
  return (
    <select
      class="switch-until"
      aria-label={s.tools.soldOutUntil(name)}
      value={until === null ? '' : 'set'}
      onChange={({ currentTarget: { value } }) => {
        if (value === 'hour' || value === 'day') onChange(value)
        else if (value === '') onChange()
      }}
    >
      {until !== null && <option value="set">{s.tools.until(until)}</option>}
      <option value="hour">{s.tools.untilHour}</option>
      <option value="day">{s.tools.untilDay}</option>
      <option value="">{s.tools.untilSaid}</option>
    </select>
  )
}
