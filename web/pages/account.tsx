import { useState } from 'preact/hooks'
import type { SessionView, SignedInView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { readUserAgent } from '../lib/format.js'
import { forgetPush } from '../lib/push.js'
import { serverNow } from '../lib/server-time.js'
import { rememberSignedIn } from '../lib/signed-in.js'
import { postToTabs } from '../lib/tabs.js'
import { useFetch } from '../lib/use-fetch.js'
import { PasswordForm } from '../staff/password-form.js'
import { StaffHeader } from '../staff/staff-header.js'
import { startStaffPage } from '../staff/start-staff-page.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { announce } from '../ui/announce.js'
import { Brand } from '../ui/brand.js'
import { FetchProblem, Problem } from '../ui/problem.js'
import { SessionGate } from '../ui/session-gate.js'
import { useShownAgain } from '../ui/use-shown-again.js'

function deviceName(agent: string): string {
  const known = readUserAgent(agent)
  return known
    ? st.account.device(known.browser, known.system)
    : agent.slice(0, 60) || st.account.unknownDevice
}

function Device({ device, onSignOut }: { device: SessionView; onSignOut(): void }) {
  const name = deviceName(device.userAgent)
  return (
    <li class="device" data-session-id={device.id} data-current={device.current}>
      <div>
        <p class="device-name">
          {name} {device.current && <span class="this-device">{st.account.thisDevice}</span>}
        </p>
        <p class="quiet">
          {device.ip && `${st.account.from(device.ip)} · `}
          {st.account.since(f.dateTime(device.createdAt))} ·{' '}
          {st.account.lastSeen(f.ago(device.lastSeenAt, serverNow()))}
        </p>
      </div>
      {!device.current && (
        <button type="button" aria-label={st.account.signOutDevice(name)} onClick={onSignOut}>
          {st.account.signOut}
        </button>
      )}
    </li>
  )
}

function Devices() {
  const [devices, setDevices] = useState<readonly SessionView[] | null>(null)
  const [error, setError] = useState<unknown>(null)
  const fetching = useFetch(api.devices, setDevices)
  useShownAgain(fetching.reload)

  async function signOut(call: Promise<unknown>): Promise<void> {
    try {
      await call
      setError(null)
      announce(st.account.signedOutDevice)
    } catch (problem) {
      setError(problem)
    }
    fetching.reload()
  }

  const sorted = [...(devices ?? [])].sort(
    (a, b) => Number(b.current) - Number(a.current) || b.lastSeenAt.localeCompare(a.lastSeenAt),
  )
  return (
    <section class="panel" aria-labelledby="devices-title" data-opening={!devices && !fetching.error}>
      <h2 id="devices-title">{st.account.devices}</h2>
      <Problem error={error} />
      <FetchProblem fetching={fetching} />
      <ul class="devices">
        {sorted.map((device) => (
          <Device
            key={device.id}
            device={device}
            onSignOut={() => void signOut(api.signOutDevice(device.id))}
          />
        ))}
      </ul>
      {sorted.length > 1 && (
        <button
          type="button"
          data-action="end-others"
          onClick={() => void signOut(api.signOutOtherDevices())}
        >
          {st.account.signOutOthers}
        </button>
      )}
    </section>
  )
}

function Account({ session: { user, expiresAt } }: { session: SignedInView }) {
  const [error, setError] = useState<unknown>(null)
  const isGuest = user.role === 'customer'

  async function signOut(): Promise<void> {
    try {
      await api.logout()
      postToTabs({ type: 'signed-out' })
      rememberSignedIn(false)
      await forgetPush().catch(() => {})
      location.replace('/login')
    } catch (problem) {
      setError(problem)
    }
  }

  return (
    <>
      {isGuest ? (
        <header class="bar">
          <Brand />
        </header>
      ) : (
        <StaffHeader here="account" user={user} />
      )}
      <main class="account">
        <section class="account-who">
          <h1>{isGuest ? st.account.guest : user.username}</h1>
          <p>
            {!isGuest && `${st.account.roles[user.role]} · `}
            {user.theatres.length > 0 && `${f.list(user.theatres.map(({ name }) => name))} · `}
            {st.account.until(f.dateTime(expiresAt))}
          </p>
          <Problem error={error} />
          <button type="button" data-action="sign-out" onClick={() => void signOut()}>
            {st.account.signOut}
          </button>
          {isGuest && <p class="quiet">{st.account.guestNote}</p>}
        </section>
        <Devices />
        {!isGuest && <PasswordForm username={user.username} />}
      </main>
    </>
  )
}

void startStaffPage(
  () => <SessionGate>{(session) => <Account session={session} />}</SessionGate>,
  () => s.nav.account,
)
