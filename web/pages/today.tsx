import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { SignedInView } from '../../src/protocol/views.js'
import { useStore } from '../lib/store.js'
import { CashOwedPanel } from '../manage/cash-owed-panel.js'
import { HistoryPanel } from '../manage/history-panel.js'
import { TakingsPanel } from '../manage/takings-panel.js'
import { TheatreChoice } from '../manage/theatre-choice.js'
import { isManager, staffTheatres } from '../staff/manager.js'
import { createPaymentDesk } from '../staff/payment-desk.js'
import { OpenIssue, ResolvedIssue } from '../staff/payment-issue.js'
import { StaffHeader } from '../staff/staff-header.js'
import { startStaffPage } from '../staff/start-staff-page.js'
import { useTheatreChoice } from '../staff/use-theatre.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FetchProblem, PageMessage } from '../ui/problem.js'
import { SessionGate } from '../ui/session-gate.js'

function Payments({ user }: { user: SignedInView['user'] }) {
  const theatres = staffTheatres(user)
  const [theatreId, chooseTheatre] = useTheatreChoice(theatres)
  /** counts what the books must be read again for */
  const [version, setVersion] = useState(0)
  const [timeZone, setTimeZone] = useState<string>()
  const desk = useMemo(createPaymentDesk, [])
  const { issues, at, error } = useStore(desk.list)
  const heading = useRef<HTMLHeadingElement>(null)
  const refresh = (): void => {
    desk.load()
    setVersion((now) => now + 1)
  }
  useEffect(() => {
    const read = (): void => {
      if (document.visibilityState === 'visible') refresh()
    }
    document.addEventListener('visibilitychange', read)
    addEventListener('online', read)
    return () => {
      document.removeEventListener('visibilitychange', read)
      removeEventListener('online', read)
      desk.close()
    }
  }, [desk])
  const open = issues?.filter(({ resolvedAt }) => resolvedAt === null) ?? []
  const resolved = issues?.filter(({ resolvedAt }) => resolvedAt !== null) ?? []
  // The button that opened a dialog goes with its entry.
  useEffect(() => {
    if (issues && document.activeElement === document.body) heading.current?.focus({ preventScroll: true })
  }, [issues])

  return (
    <main class="payments" data-open-issues={issues ? open.length : undefined}>
      <div class="live-head">
        <h1 ref={heading} tabIndex={-1}>
          {st.today.title}
        </h1>
        <TheatreChoice theatres={theatres} chosen={theatreId} onChoose={chooseTheatre} />
        <p class="payments-read">
          {at > 0 && <span class="quiet">{st.payments.asOf(f.time(at, timeZone))}</span>}
          <button type="button" data-action="refresh" onClick={refresh}>
            {st.payments.refresh}
          </button>
        </p>
      </div>
      {theatreId !== null && (
        <>
          <TakingsPanel theatreId={theatreId} version={version} onTimeZone={setTimeZone} />
          <CashOwedPanel {...{ theatreId, timeZone, version }} onCollected={refresh} />
        </>
      )}
      <FetchProblem fetching={{ error, reload: desk.load }} />
      <section class="panel" aria-labelledby="to-check" data-opening={issues === null && !error}>
        <h2 id="to-check">{st.payments.toCheck}</h2>
        {issues === null && !error && <p class="quiet">{s.common.opening}</p>}
        {issues !== null && open.length === 0 && <p class="quiet">{st.payments.none}</p>}
        <ul class="issues">
          {open.map((issue) => (
            <OpenIssue key={issue.id} {...{ issue, timeZone, desk }} />
          ))}
        </ul>
      </section>
      <details class="panel resolved">
        <summary>{st.payments.resolved(resolved.length)}</summary>
        {resolved.length === 0 && <p class="quiet">{st.payments.resolvedNone}</p>}
        <ul class="issues">
          {resolved.map((issue) => (
            <ResolvedIssue key={issue.id} {...{ issue, timeZone }} />
          ))}
        </ul>
      </details>
      {theatreId !== null && <HistoryPanel key={theatreId} {...{ theatreId, timeZone }} />}
    </main>
  )
}

function Today({ session: { user } }: { session: SignedInView }) {
  return (
    <>
      <StaffHeader here="today" user={user} />
      {isManager(user) ? <Payments user={user} /> : <PageMessage title={st.payments.managersOnly} />}
    </>
  )
}

void startStaffPage(
  () => <SessionGate staffOnly>{(session) => <Today session={session} />}</SessionGate>,
  () => st.today.title,
)
