import { useCallback, useRef, useState } from 'preact/hooks'
import type { SignedInView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { isTransient } from '../lib/api-error.js'
import { clearPageUser } from '../lib/page-user.js'
import { forgetPush } from '../lib/push.js'
import { rememberSignedIn } from '../lib/signed-in.js'
import { postToTabs } from '../lib/tabs.js'
import { useFetch } from '../lib/use-fetch.js'
import { s } from '../strings/language.js'
import { Brand } from '../ui/brand.js'
import { FetchProblem, Problem } from '../ui/problem.js'
import { safeNext } from '../ui/session-gate.js'
import { startPage } from '../ui/start-page.js'
import { useShownAgain } from '../ui/use-shown-again.js'

function home({ user }: SignedInView): string {
  return safeNext(location.search) ?? (user.role === 'customer' ? '/account' : '/theatre/live-orders/')
}

function Login() {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [shown, setShown] = useState(false)
  const [already, setAlready] = useState<SignedInView | null>(null)
  const name = useRef<HTMLInputElement>(null)
  const password = useRef<HTMLInputElement>(null)
  const keep = useRef<HTMLInputElement>(null)

  // A guest has a session too, but is here to sign in as staff.
  const fetching = useFetch(api.session, (session) => session.user.role !== 'customer' && setAlready(session))
  const { reload } = fetching
  const beginAfresh = useCallback(() => {
    setBusy(false)
    setError(null)
    setShown(false)
    setAlready(null)
    reload()
  }, [reload])
  useShownAgain(beginAfresh)

  async function submit(): Promise<void> {
    const given = password.current?.value ?? ''
    setBusy(true)
    setError(null)
    setShown(false)
    // No password survives a submit, whatever comes of it: the next one at this screen could read it.
    if (password.current) password.current.value = ''
    try {
      const session = await api.login(name.current?.value ?? '', given, keep.current?.checked ?? false)
      postToTabs({ type: 'signed-in', user: session.user.id })
      await forgetPush().catch(() => {})
      rememberSignedIn(session.user.role !== 'customer')
      // Back must not lead to the form again.
      location.replace(home(session))
    } catch (problem) {
      setError(problem)
      setBusy(false)
      password.current?.focus()
    }
  }

  return (
    <main class="login">
      <div class="marquee">
        <Brand />
        <div class="bulbs" aria-hidden="true" />
      </div>
      <form
        class="login-form"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <h1>{s.login.title}</h1>
        {already && (
          <p class="note">
            {s.login.already(already.user.username)} <a href={home(already)}>{s.login.continue}</a>
          </p>
        )}
        {error ? (
          <Problem error={error} />
        ) : (
          isTransient(fetching.error) && <FetchProblem fetching={fetching} />
        )}
        <label class="field">
          <span>{s.login.username}</span>
          <input
            ref={name}
            name="username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            maxLength={150}
          />
        </label>
        <div class="field">
          <label for="password">{s.login.password}</label>
          <span class="with-button">
            <input
              ref={password}
              id="password"
              name="password"
              {...(shown ? { type: 'text' } : { type: 'password' })}
              autocomplete="current-password"
              required
              maxLength={128}
            />
            <button type="button" aria-pressed={shown} onClick={() => setShown(!shown)}>
              {shown ? s.login.hide : s.login.show}
            </button>
          </span>
        </div>
        <label class="checkbox">
          <input ref={keep} type="checkbox" name="keep" />
          <span>
            {s.login.keep}
            <small>{s.login.keepWhy}</small>
          </span>
        </label>
        <button type="submit" class="primary wide" disabled={busy}>
          {busy ? s.login.signingIn : s.login.signIn}
        </button>
        <p class="quiet small">{s.login.customers}</p>
      </form>
    </main>
  )
}

clearPageUser()
void startPage(Login, () => s.login.title)
