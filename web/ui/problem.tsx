import type { ComponentChildren } from 'preact'
import { ApiError } from '../lib/api.js'
import { isTransient } from '../lib/api-error.js'
import type { FetchState } from '../lib/use-fetch.js'
import { s } from '../strings/language.js'

let staffRefusals: Readonly<Record<string, string | undefined>> = {}

/** Adds words for error codes that only the staff's calls are answered with. */
export function explainStaffRefusals(byCode: typeof staffRefusals): void {
  staffRefusals = byCode
}

/** The message to show for an error: the service's refusal, or that it could not be reached. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return s.errors.unknown
  if (error.isOffline) return s.errors.offline
  if (error.status === 429) return s.errors.tooMany(error.retryAfter)
  const { requestId } = error.body
  if (error.status === 500 && typeof requestId === 'string') return s.errors.fault(requestId)
  const known = s.errors.byCode[error.code] ?? staffRefusals[error.code]
  return known ?? (error.status >= 500 ? s.errors.service : error.message || s.errors.unknown)
}

/** What answers in the service's place shows its own page, often a sign-in, at any of the service's addresses. */
export function NetworkPageLink() {
  return (
    <a class="button" href={location.pathname} target="_blank" rel="noopener noreferrer">
      {s.errors.openNetworkPage}
    </a>
  )
}

const isForeign = (error: unknown): boolean => error instanceof ApiError && error.isForeign

export function Problem({ error, children }: { error: unknown; children?: ComponentChildren }) {
  if (!error) return null
  return (
    <div class="problem" role="alert">
      <p>{typeof error === 'string' ? error : explain(error)}</p>
      {isForeign(error) && <NetworkPageLink />}
      {children}
    </div>
  )
}

/** The problem of something that is read again by itself. */
export function FetchProblem({ fetching: { error, reload } }: { fetching: FetchState }) {
  return (
    <Problem error={error}>
      {isTransient(error) && <p class="quiet">{s.errors.tryingAgain}</p>}
      <button type="button" onClick={reload}>
        {s.common.tryAgain}
      </button>
    </Problem>
  )
}

/** A whole page with one message: not found, not allowed, not reachable. */
export function PageMessage({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <main class="page-message">
      <div class="bulbs" aria-hidden="true" />
      <h1>{title}</h1>
      {children}
    </main>
  )
}

/** A whole page that can't be shown yet; it tries again by itself. */
export function CantOpen({ fetching: { error, reload } }: { fetching: FetchState }) {
  return (
    <PageMessage title={s.errors.cantOpen}>
      <p role="alert">{explain(error)}</p>
      {isTransient(error) && <p class="quiet">{s.errors.tryingAgain}</p>}
      {isForeign(error) && <NetworkPageLink />}
      <button type="button" class="primary" onClick={reload}>
        {s.common.tryAgain}
      </button>
    </PageMessage>
  )
}
