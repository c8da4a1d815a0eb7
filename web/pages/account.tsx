import { useState } from 'preact/hooks'
import type { SessionView, SignedInView } from '../../src/protocol/views.js'
import { api } from '../lib/api.js'
import { readUserAgent } from '../lib/format.js'
import { forgetPush } from '../lib/push.js'
import { serverNow } from '../lib/server-time.js'
import { rememberSignedIn } from '../lib/signed-in.js'
import { postToTabs } from '../lib/tabs.js'
import { useReading } from '../lib/use-reading.js'
import { PasswordForm } from '../staff/password-form.js'
import { StaffHeader } from '../staff/staff-header.js'
import { f, s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import { Brand } from '../ui/brand.js'
import { Problem, ReadingProblem } from '../ui/problem.js'
import { SessionGate } from '../ui/session-gate.js'
import { startPage } from '../ui/start-page.js'
import { useShownAgain } from '../ui/use-shown-again.js'

function deviceName(agent: string): string {
  const known = readUserAgent(agent)
  return known ? s.account.device(known.browser, known.system) : agent.slice(0, 60) || s.account.unknownDevice
}

function Device({ device, onSignOut }: { device: SessionView; onSignOut(): void }) {
  const name = deviceName(device.userAgent)
  return (
    <li class="device" data-session-id={device.id} data-current={device.current}>
      <div>
        <p class="device-name">
          {name} {device.current && <span class="this-device">{s.account.thisDevice}</span>}
        </p>
        <p class="quiet">
          {device.ip && `${s.account.from(device.ip)} · `}
          {s.account.since(f.dateTime(device.createdAt))} ·{' '}
          {s.account.lastSeen(f.ago(device.lastSeenAt, serverNow()))}
        </p>
      </div>
      {!device.current && (
        <button type="button" aria-label={s.account.signOutDevice(name)} onClick={onSignOut}>
          {s.account.signOut}
        </button>
      )}
    </li>
  )
}

function Devices() {
  const [devices, setDevices] = useState<readonly SessionView[] | null>(null)
  const [error, setError] = useState<unknown>(null)
  const reading = useReading(api.devices, setDevices)
  useShownAgain(reading.again)

  async function signOut(call: Promise<unknown>): Promise<void> {
    try {
      await call
      setError(null)
      announce(s.account.signedOutDevice)
    } catch (problem) {
      setError(problem)
    }
    reading.again()
  }

  const sorted = [...(devices ?? [])].sort(
    (a, b) => Number(b.current) - Number(a.current) || b.lastSeenAt.localeCompare(a.lastSeenAt),
  )
  return (
    <section class="panel" aria-labelledby="devices-title" data-opening={!devices && !reading.error}>
      <h2 id="devices-title">{s.account.devices}</h2>
      <Problem error={error} />
      <ReadingProblem reading={reading} />
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
          {s.account.signOutOthers}
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
          <h1>{isGuest ? s.account.guest : user.username}</h1>
          <p>
            {!isGuest && `${s.account.roles[user.role]} · `}
            {user.theatres.length > 0 && `${f.list(user.theatres.map(({ name }) => name))} · `}
            {s.account.until(f.dateTime(expiresAt))}
          </p>
          <Problem error={error} />
          <button type="button" data-action="sign-out" onClick={() => void signOut()}>
            {s.account.signOut}
          </button>
          {isGuest && <p class="quiet">{s.account.guestNote}</p>}
        </section>
        <Devices />
        {!isGuest && <PasswordForm username={user.username} />}
      </main>
    </>
  )
}

void startPage(
  () => <SessionGate>{(session) => <Account session={session} />}</SessionGate>,
  () => s.nav.account,
)
