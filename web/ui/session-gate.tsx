import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ApiError, api } from '../lib/api.js'
import type { SessionInfo } from '../lib/shapes.js'
import { rememberSignedIn } from '../lib/signed-in.js'
import { s } from '../strings/language.js'
import { explain, FullNote } from './problem.js'

export function loginUrl(): string {
  return `/login?next=${encodeURIComponent(location.pathname + location.hash)}`
}

/**
 * Where to go after a login: a page of this origin and nothing else, or a link in a mail could lead anywhere. Whole, as
 * it was judged: the path of `/.//elsewhere.example` is `//elsewhere.example`, which by itself is another origin.
 */
export function safeNext(search: string): string | null {
  const next = new URLSearchParams(search).get('next')
  if (!next?.startsWith('/')) return null
  const url = new URL(next, location.origin)
  return url.origin === location.origin ? url.href : null
}

type Found = { session: SessionInfo } | { error: unknown } | null

interface GateProps {
  staffOnly?: boolean
  children: (session: SessionInfo) => ComponentChildren
}

/** Shows a page to those who are signed in; sends the others to the login and back. */
export function Gate({ staffOnly = false, children }: GateProps) {
  const [found, setFound] = useState<Found>(null)
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    let again: ReturnType<typeof setTimeout> | undefined
    api.session().then(
      (session) => {
        rememberSignedIn(session.user.role !== 'customer')
        setFound({ session })
      },
      (error: unknown) => {
        if (error instanceof ApiError && error.status === 401) {
          rememberSignedIn(false)
          return location.replace(loginUrl())
        }
        setFound({ error })
        // A tablet that starts before its network does should not need a hand.
        again = setTimeout(() => setAttempt(attempt + 1), 4000)
      },
    )
    return () => clearTimeout(again)
  }, [attempt])
  if (!found) return <FullNote title={s.common.opening} />
  if ('error' in found) {
    return (
      <FullNote title={s.errors.cantOpen}>
        <p role="status">{explain(found.error)}</p>
        <p class="quiet">{s.errors.tryingAgain}</p>
      </FullNote>
    )
  }
  if (staffOnly && found.session.user.role === 'customer') {
    return (
      <FullNote title={s.errors.staffOnly}>
        <a class="button primary" href={loginUrl()}>
          {s.login.signIn}
        </a>
      </FullNote>
    )
  }
  return <>{children(found.session)}</>
}
