import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { pageAt } from '../../src/protocol/pages.js'
import type { SignedInView } from '../../src/protocol/views.js'
import { ApiError, api } from '../lib/api.js'
import { rememberSignedIn } from '../lib/signed-in.js'
import { useFetch } from '../lib/use-fetch.js'
import { s } from '../strings/language.js'
import { CantOpen, PageMessage } from './problem.js'

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

interface Props {
  staffOnly?: boolean
  children: (session: SignedInView) => ComponentChildren
}

/** Shows its page to signed-in users; sends others to the login and back. */
export function SessionGate({ staffOnly = false, children }: Props) {
  const [session, setSession] = useState<SignedInView | null>(null)
  const fetching = useFetch(api.session, (found) => {
    rememberSignedIn(found.user.role !== 'customer')
    setSession(found)
  })
  const { error } = fetching
  const isSignedOut = error instanceof ApiError && error.status === 401
  useEffect(() => {
    if (!isSignedOut) return
    rememberSignedIn(false)
    location.replace(loginUrl())
  }, [isSignedOut])
  if (!session) {
    return error && !isSignedOut ? <CantOpen fetching={fetching} /> : <PageMessage title={s.common.opening} />
  }
  if (staffOnly && session.user.role === 'customer') {
    return (
      <PageMessage title={s.errors.staffOnly}>
        <a class="button primary" href={loginUrl()}>
          {s.login.signIn}
        </a>
      </PageMessage>
    )
  }
  return <>{children(session)}</>
}
