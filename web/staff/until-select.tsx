import { st } from '../strings/staff/strings.js'

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
      aria-label={st.tools.soldOutUntil(name)}
      value={until === null ? '' : 'set'}
      onChange={({ currentTarget: { value } }) => {
        if (value === 'hour' || value === 'day') onChange(value)
        else if (value === '') onChange()
      }}
    >
      {until !== null && <option value="set">{st.tools.until(until)}</option>}
      <option value="hour">{st.tools.untilHour}</option>
      <option value="day">{st.tools.untilDay}</option>
      <option value="">{st.tools.untilSaid}</option>
    </select>
  )
}
