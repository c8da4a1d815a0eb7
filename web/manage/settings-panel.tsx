import { useMemo, useState } from 'preact/hooks'
import { readGstin } from '../../src/protocol/gstin.js'
import type { OpeningSpanView, SettingsView } from '../../src/protocol/manager-views.js'
import { toAsciiDigits, trimBlanks } from '../../src/protocol/typed-text.js'
import { managerApi, type SettingsChange } from '../lib/manager-api.js'
import { useLivePart } from '../lib/theatre-changes.js'
import { s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FetchProblem } from '../ui/problem.js'
import { Submit, saved, TextField } from './fields.js'
import { OpeningFields } from './opening-fields.js'
import type { PanelProps } from './panel-props.js'
import { useChange } from './use-change.js'
import { useTyped } from './use-typed.js'

interface Typed {
  name: string
  timeZone: string
  maxTime: string
  minTime: string
  lastOrders: string
  gstin: string
  gstRate: string
  receiptHeader: string
  hours: OpeningSpanView[] | null
}

const typedOf = (settings: SettingsView): Typed => ({
  name: settings.name,
  timeZone: settings.timeZone,
  maxTime: String(settings.max_time),
  minTime: String(settings.min_time),
  lastOrders: String(settings.lastOrders),
  gstin: settings.gstin ?? '',
  gstRate: String(settings.gstRate),
  receiptHeader: settings.receiptHeader,
  hours: settings.openingHours,
})

/** What differs from the settings as they are now: other managers may have changed the rest meanwhile. */
function changesOf(settings: SettingsView, wanted: SettingsChange): SettingsChange {
  const before = new Map<string, unknown>(Object.entries(settings))
  return Object.fromEntries(
    Object.entries(wanted).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before.get(name)),
    ),
  )
}

/** A number as typed, in digits of any script; NaN: none. */
const readNumber = (typed: string): number => {
  const text = toAsciiDigits(trimBlanks(typed)).replace(',', '.')
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN
}

const timeZones = (): string[] =>
  typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : []

function SettingsForm({ settings, onSaved }: { settings: SettingsView; onSaved(now: SettingsView): void }) {
  const now = useMemo(() => typedOf(settings), [settings])
  const { typed, set, reset } = useTyped(now)
  const change = useChange()
  const field = (name: Exclude<keyof Typed, 'hours'>, label: string, more: object = {}) => (
    <TextField
      name={name}
      label={label}
      value={typed[name]}
      onText={(text) => set({ [name]: text })}
      {...more}
    />
  )

  async function save(): Promise<void> {
    const numbers: [label: string, value: number][] = [
      [st.manage.maxTime, readNumber(typed.maxTime)],
      [st.manage.minTime, readNumber(typed.minTime)],
      [st.manage.lastOrders, readNumber(typed.lastOrders)],
      [st.manage.gstRate, readNumber(typed.gstRate)],
    ]
    const wrong = numbers.find(([, value]) => Number.isNaN(value))
    if (wrong) return change.fail(st.manage.invalidField(wrong[0]))
    const gstin = trimBlanks(typed.gstin)
    if (gstin !== '' && readGstin(gstin) === null) return change.fail(st.manage.invalidField(st.manage.gstin))
    const [maxTime = 0, minTime = 0, lastOrders = 0, gstRate = 0] = numbers.map(([, value]) => value)
    await change.run(async () => {
      const wanted = changesOf(settings, {
        name: typed.name,
        timeZone: trimBlanks(typed.timeZone),
        max_time: maxTime,
        min_time: minTime,
        openingHours: typed.hours,
        lastOrders,
        gstin: gstin === '' ? null : gstin,
        gstRate,
        receiptHeader: typed.receiptHeader,
      })
      if (Object.keys(wanted).length === 0) return
      const stored = await managerApi.changeSettings(settings.id, wanted)
      reset(typedOf(stored))
      onSaved(stored)
    }, saved)
  }

  const digits = { inputMode: 'numeric', required: true }
  return (
    <form
      class="grid-form"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      {field('name', st.manage.name, { required: true, maxLength: 100 })}
      <label class="field">
        <span>{st.manage.timeZone}</span>
        <input
          type="text"
          name="timeZone"
          list="time-zones"
          required
          autocomplete="off"
          spellcheck={false}
          value={typed.timeZone}
          onInput={(event) => set({ timeZone: event.currentTarget.value })}
        />
      </label>
      <datalist id="time-zones">
        {timeZones().map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
      {field('maxTime', st.manage.maxTime, digits)}
      {field('minTime', st.manage.minTime, digits)}
      <OpeningFields spans={typed.hours} onChange={(hours) => set({ hours })} />
      {field('lastOrders', st.manage.lastOrders, digits)}
      {field('gstin', st.manage.gstin, { hint: st.manage.gstinHelp, autocapitalize: 'characters' })}
      {field('gstRate', st.manage.gstRate, { inputMode: 'decimal', required: true })}
      <label class="field wide-field">
        <span>{st.manage.receiptHeader}</span>
        <textarea
          name="receiptHeader"
          rows={3}
          maxLength={500}
          value={typed.receiptHeader}
          onInput={(event) => set({ receiptHeader: event.currentTarget.value })}
        />
      </label>
      <Submit change={change} label={st.manage.save} action="save-settings" />
    </form>
  )
}

/** A theatre's settings. */
export function SettingsPanel({ theatreId, theatre, restart }: PanelProps) {
  const [settings, setSettings] = useState<SettingsView | null>(null)
  const fetching = useLivePart<SettingsView>(
    () => managerApi.settings(theatreId),
    theatre?.settings,
    restart,
    setSettings,
  )
  function onSaved(stored: SettingsView): void {
    restart()
    setSettings(stored)
  }
  return (
    <section class="panel" aria-labelledby="settings-title">
      <h2 id="settings-title">{st.manage.sections.settings}</h2>
      <FetchProblem fetching={fetching} />
      {!settings && !fetching.error && <p class="quiet">{s.common.opening}</p>}
      {settings?.id === theatreId && <SettingsForm key={theatreId} settings={settings} onSaved={onSaved} />}
    </section>
  )
}
