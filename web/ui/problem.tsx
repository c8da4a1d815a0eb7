import type { ComponentChildren } from 'preact'
import { ApiError } from '../lib/api.js'
import { f, s } from '../strings/language.js'

/** What went wrong, for a person: what the service said, or that it could not be reached. */
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

/** A page that has nothing else to show: not found, not allowed, not reachable. */
export function FullNote({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <main class="full-note">
      <div class="bulbs" aria-hidden="true" />
      <h1>{title}</h1>
      {children}
    </main>
  )
}

/** Indian packs carry these marks by law: a green dot for vegetarian, a brown triangle for the rest. */
export function FoodMark({ vegetarian }: { vegetarian: boolean }) {
  return (
    <svg
      class="food-mark"
      data-vegetarian={vegetarian}
      viewBox="0 0 16 16"
      role="img"
      aria-label={vegetarian ? s.menu.veg : s.menu.nonVeg}
    >
      <rect
        x="1"
        y="1"
        width="14"
        height="14"
        rx="1.5"
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
      />
      {vegetarian ? (
        <circle cx="8" cy="8" r="3.6" fill="currentColor" />
      ) : (
        <path d="M8 4.2 12 11.500H4Z" fill="currentColor" />
      )}
    </svg>
  )
}

export function Amount({ paise }: { paise: number }) {
  return <span class="amount">{f.money(paise)}</span>
}
