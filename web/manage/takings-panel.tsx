import { useState } from 'preact/hooks'
import type { TakingsView } from '../../src/protocol/manager-views.js'
import { plainText } from '../lib/format.js'
import { managerApi, takingsCsvPath } from '../lib/manager-api.js'
import { useFetch } from '../lib/use-fetch.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FetchProblem } from '../ui/problem.js'

const METHODS = ['online', 'cash'] as const

function Figures({ takings }: { takings: TakingsView }) {
  const { figures } = st.today
  const { orders, itemsSold, gross, gst, refunds, cashOwed, refundsDue } = takings
  const shown: [key: keyof typeof figures, text: string][] = [
    ['orders', f.number(orders)],
    ['itemsSold', f.number(itemsSold)],
    ['gross', f.money(gross)],
    ['gst', f.money(gst)],
    ['refunds', f.money(refunds)],
    ['net', f.money(gross - refunds)],
    ['cashOwed', f.money(cashOwed)],
    ['refundsDue', f.money(refundsDue)],
  ]
  return (
    <dl class="figures">
      {shown.map(([key, text]) => (
        <div key={key} data-figure={key}>
          <dt>{figures[key]}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  )
}

function ByMethod({ byMethod }: TakingsView) {
  const { figures, methods } = st.today
  return (
    <table class="books">
      <thead>
        <tr>
          <th scope="col">{st.today.method}</th>
          <th scope="col">{figures.orders}</th>
          <th scope="col">{figures.gross}</th>
          <th scope="col">{figures.refunds}</th>
        </tr>
      </thead>
      <tbody>
        {METHODS.map((method) => (
          <tr key={method} data-method={method}>
            <th scope="row">{methods[method]}</th>
            <td>{f.number(byMethod[method].orders)}</td>
            <td>{f.money(byMethod[method].gross)}</td>
            <td>{f.money(byMethod[method].refunds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Items({ items }: TakingsView) {
  return (
    <details>
      <summary>{st.today.items}</summary>
      <table class="books">
        <thead>
          <tr>
            <th scope="col">{st.today.item}</th>
            <th scope="col">{st.today.quantity}</th>
            <th scope="col">{st.today.amount}</th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ name, quantity, amount }) => (
            <tr key={name}>
              <th scope="row">{plainText(name)}</th>
              <td>{f.number(quantity)}</td>
              <td>{f.money(amount)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

/** What the theatre took on a day; `version`: read again when it changes. */
export function TakingsPanel({
  theatreId,
  version,
  onTimeZone,
}: {
  theatreId: number
  version: number
  /** the theatre's, once it is known */
  onTimeZone(timeZone: string): void
}) {
  /** '': today, by the theatre's clock */
  const [day, setDay] = useState('')
  const [takings, setTakings] = useState<TakingsView | null>(null)
  const key = `${theatreId} ${day} ${version}`
  const found = (value: TakingsView): void => {
    setTakings(value)
    onTimeZone(value.timeZone)
  }
  const fetching = useFetch(() => managerApi.takings(theatreId, day), found, key)
  return (
    <section
      class="panel takings"
      aria-labelledby="takings-title"
      data-opening={!takings && !fetching.error}
      data-day={takings?.day}
    >
      <div class="panel-head">
        <h2 id="takings-title">{st.today.takings}</h2>
        <label class="field inline">
          <span>{st.today.day}</span>
          <input
            type="date"
            name="day"
            value={day || (takings?.day ?? '')}
            onChange={(event) => setDay(event.currentTarget.value)}
          />
        </label>
      </div>
      <FetchProblem fetching={fetching} />
      {!takings && !fetching.error && <p class="quiet">{s.common.opening}</p>}
      {takings && (
        <>
          <Figures takings={takings} />
          {takings.orders === 0 ? (
            <p class="quiet">{st.today.none}</p>
          ) : (
            <>
              <ByMethod {...takings} />
              <Items {...takings} />
            </>
          )}
          <a class="button" href={takingsCsvPath(theatreId, takings.day)} download data-action="csv">
            {st.today.csv}
          </a>
        </>
      )}
    </section>
  )
}
