import type { OpeningSpanView } from '../../src/protocol/manager-views.js'
import { st } from '../strings/staff/strings.js'

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

interface Props {
  spans: readonly OpeningSpanView[] | null
  onChange(spans: OpeningSpanView[] | null): void
}

const DEFAULT = { opens: '10:00', closes: '23:00' }

function SpanRow({
  span,
  onChange,
  onRemove,
}: {
  span: OpeningSpanView
  onChange(span: OpeningSpanView): void
  onRemove(): void
}) {
  return (
    <div class="hours-row" data-day={span.day}>
      <label class="field">
        <span>{st.manage.weekday}</span>
        <select
          value={span.day}
          onChange={(event) => {
            const { value } = event.currentTarget
            onChange({ ...span, day: DAYS.find((day) => day === value) ?? span.day })
          }}
        >
          {DAYS.map((day) => (
            <option key={day} value={day}>
              {st.manage.days[day]}
            </option>
          ))}
        </select>
      </label>
      {(['opens', 'closes'] as const).map((which) => (
        <label class="field" key={which}>
          <span>{st.manage[which]}</span>
          <input
            type="time"
            required
            // 24:00 is the API's; a browser's field has no such time
            value={span[which] === '24:00' ? '00:00' : span[which]}
            onChange={(event) => onChange({ ...span, [which]: event.currentTarget.value })}
          />
        </label>
      ))}
      <button
        type="button"
        class="icon"
        aria-label={st.manage.removeHours(st.manage.days[span.day])}
        onClick={onRemove}
      >
        ×
      </button>
    </div>
  )
}

/** When the theatre takes orders: at any time, or at these times of the week. */
export function OpeningFields({ spans, onChange }: Props) {
  const add = (): void => {
    const next = DAYS.find((day) => !spans?.some((span) => span.day === day)) ?? 'monday'
    onChange([...(spans ?? []), { ...(spans?.at(-1) ?? DEFAULT), day: next }])
  }
  const everyDay = (): void => {
    const last = spans?.at(-1) ?? DEFAULT
    onChange(DAYS.map((day) => ({ day, opens: last.opens, closes: last.closes })))
  }
  return (
    <fieldset class="hours wide-field">
      <legend>{st.manage.opening}</legend>
      <label class="checkbox">
        <input
          type="checkbox"
          name="always"
          checked={spans === null}
          onChange={(event) =>
            onChange(event.currentTarget.checked ? null : DAYS.map((day) => ({ day, ...DEFAULT })))
          }
        />
        <span>{st.manage.always}</span>
      </label>
      {spans?.length === 0 && <p>{st.manage.closedAll}</p>}
      {spans?.map((span, at) => (
        <SpanRow
          key={`${at} ${spans.length}`}
          span={span}
          onChange={(changed) => onChange(spans.map((each, index) => (index === at ? changed : each)))}
          onRemove={() => onChange(spans.filter((_, index) => index !== at))}
        />
      ))}
      {spans && (
        <>
          <p class="quiet">{st.manage.openingHelp}</p>
          <p class="row-actions">
            <button type="button" data-action="add-hours" onClick={add}>
              {st.manage.addHours}
            </button>
            <button type="button" data-action="every-day" onClick={everyDay}>
              {st.manage.everyDay}
            </button>
          </p>
        </>
      )}
    </fieldset>
  )
}
