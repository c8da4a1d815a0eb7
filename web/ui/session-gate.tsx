import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { pageAt } from '../../src/protocol/pages.js'
import type { SignedInView } from '../../src/protocol/views.js'
import { ApiError, api } from '../lib/api.js'
import { rememberSignedIn } from '../lib/signed-in.js'
import { s } from '../strings/language.js'
import { explain, PageMessage } from './problem.js'

const RETRY_AFTER_MS = 4000

export function loginUrl(): string {
  return `/login?next=${encodeURIComponent(location.pathname + location.hash)}`
}

/**
 * Where to go after a login: one of our pages, or else a link could lead anywhere after sign-in, also to what is not for
 * people to see. What was checked is what is returned: `/.//elsewhere.example` would resolve to another origin twice.
 */
export function safeNext(search: string): string | null {
  const next = new URLSearchParams(search).get('next')
  if (!next?.startsWith('/')) return null
  const url = new URL(next, location.origin)
  const page = url.origin === location.origin ? pageAt(url.pathname) : null
  return page === null || page === 'login' ? null : url.href
}

type Result = { session: SignedInView } | { error: unknown } | null

interface Props {
  staffOnly?: boolean
  children: (session: SignedInView) => ComponentChildren
}

/** Shows its page to signed-in users; sends others to the login and back. */
export function SessionGate({ staffOnly = false, children }: Props) {
  const [result, setResult] = useState<Result>(null)
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    let retry: ReturnType<typeof setTimeout> | undefined
    api.session().then(
      (session) => {
        rememberSignedIn(session.user.role !== 'customer')
        setResult({ session })
      },
      (error: unknown) => {
        if (error instanceof ApiError && error.status === 401) {
          rememberSignedIn(false)
          return location.replace(loginUrl())
        }
        setResult({ error })
        // A tablet that boots faster than its Wi-Fi must recover unattended.
        retry = setTimeout(() => setAttempt(attempt + 1), RETRY_AFTER_MS)
      },
    )
    return () => clearTimeout(retry)
  }, [attempt])
  if (!result) return <PageMessage title={s.common.opening} />
  if ('error' in result) {
    return (
      <PageMessage title={s.errors.cantOpen}>
        <p role="status">{explain(result.error)}</p>
        <p class="quiet">{s.errors.tryingAgain}</p>
      </PageMessage>
    )
  }
  if (staffOnly && result.session.user.role === 'customer') {
    return (
      <PageMessage title={s.errors.staffOnly}>
        <a class="button primary" href={loginUrl()}>
          {s.login.signIn}
        </a>
      </PageMessage>
    )
  }
  return <>{children(result.session)}</>
}
