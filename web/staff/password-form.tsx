import { useState } from 'preact/hooks'
import { ApiError, api } from '../lib/api.js'
import { st } from '../strings/staff/strings.js'
import { Problem } from '../ui/problem.js'

const MIN_LENGTH = 8
const MAX_LENGTH = 128

type Outcome = { done: true } | { error: unknown } | null

export function PasswordForm({ username }: { username: string }) {
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [again, setAgain] = useState('')
  const [outcome, setOutcome] = useState<Outcome>(null)
  const [busy, setBusy] = useState(false)

  async function submit(): Promise<void> {
    if (next !== again) return setOutcome({ error: st.account.passwordsDiffer })
    setBusy(true)
    // No password survives a submit, whatever comes of it.
    for (const clear of [setCurrent, setNext, setAgain]) clear('')
    try {
      await api.changePassword(current, next)
      setOutcome({ done: true })
    } catch (error) {
      // This code is about the password typed here, not about the session.
      setOutcome({
        error:
          error instanceof ApiError && error.code === 'invalid_credentials'
            ? st.account.wrongPassword
            : error,
      })
    }
    setBusy(false)
  }

  const field = (label: string, value: string, set: (text: string) => void, isNew: boolean) => (
    <label class="field">
      <span>{label}</span>
      <input
        type="password"
        required
        minLength={isNew ? MIN_LENGTH : 1}
        maxLength={MAX_LENGTH}
        autocomplete={isNew ? 'new-password' : 'current-password'}
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  )

  return (
    <section class="panel" aria-labelledby="password-title">
      <h2 id="password-title">{st.account.changePassword}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        {/* For password managers: whose password changes. */}
        <input type="text" name="username" autocomplete="username" value={username} readOnly hidden />
        {field(st.account.currentPassword, current, setCurrent, false)}
        {field(st.account.newPassword, next, setNext, true)}
        {field(st.account.newPasswordAgain, again, setAgain, true)}
        <p class="quiet">{st.account.passwordRule}</p>
        {outcome && 'error' in outcome && <Problem error={outcome.error} />}
        {outcome && 'done' in outcome && (
          <p class="note" role="status">
            {st.account.passwordChanged}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          {st.account.changePassword}
        </button>
      </form>
    </section>
  )
}
