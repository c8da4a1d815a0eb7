import type { ComponentChildren } from 'preact'
import { ApiError } from '../lib/api.js'
import { s } from '../strings/language.js'

/** The message to show for an error: the service's refusal, or that it could not be reached. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return s.errors.unknown
  if (error.isOffline) return s.errors.offline
  if (error.status === 429) return s.errors.tooMany(error.retryAfter)
  const known = s.errors.byCode[error.code]
  return known ?? (error.status >= 500 ? s.errors.service : error.message || s.errors.unknown)
}

export function Problem({ error, children }: { error: unknown; children?: ComponentChildren }) {
  if (!error) return null
  return (
    <div class="problem" role="alert">
      <p>{typeof error === 'string' ? error : explain(error)}</p>
      {children}
    </div>
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
