import { useEffect, useState } from 'preact/hooks'
import { api, serverNow } from '../lib/api.js'
import { readUserAgent } from '../lib/format.js'
import type { SessionInfo, SignedInDevice } from '../lib/shapes.js'
import { rememberSignedIn } from '../lib/signed-in.js'
import { tellTabs } from '../lib/tabs.js'
import { PasswordForm } from '../staff/password-form.js'
import { StaffHeader } from '../staff/staff-header.js'
import { f, s } from '../strings/language.js'
import { announce } from '../ui/announce.js'
import { Brand } from '../ui/brand.js'
import { Problem } from '../ui/problem.js'
import { Gate } from '../ui/session-gate.js'
import { start } from '../ui/start-page.js'

function deviceName(agent: string | null): string {
  const read = readUserAgent(agent)
  return read ? s.account.device(read.browser, read.system) : agent?.slice(0, 60) || s.account.unknownDevice
}

function Device({ device, onEnd }: { device: SignedInDevice; onEnd(): void }) {
  const name = deviceName(device.userAgent)
  return (
    <li class="device" data-session-id={device.id} data-current={device.current}>
      <div>
        <p class="device-name">
          {name} {device.current && <span class="here">{s.account.thisDevice}</span>}
        </p>
        <p class="quiet">
          {device.ip && `${s.account.from(device.ip)} · `}
          {s.account.since(f.dateTime(device.createdAt))} ·{' '}
          {s.account.lastSeen(f.ago(device.lastSeenAt, serverNow()))}
        </p>
      </div>
      {!device.current && (
        <button type="button" aria-label={s.account.endOne(name)} onClick={onEnd}>
          {s.account.end}
        </button>
      )}
    </li>
  )
}

function Devices() {
  const [devices, setDevices] = useState<readonly SignedInDevice[] | null>(null)
  const [error, setError] = useState<unknown>(null)
  const read = (): void => void api.devices().then(setDevices, setError)
  useEffect(read, [])

  async function end(call: Promise<void>): Promise<void> {
    try {
      await call
      setError(null)
      announce(s.account.ended)
    } catch (problem) {
      setError(problem)
    }
    read()
  }

  const sorted = [...(devices ?? [])].sort(
    (a, b) => Number(b.current) - Number(a.current) || b.lastSeenAt.localeCompare(a.lastSeenAt),
  )
  return (
    <section class="panel" aria-labelledby="devices-title">
      <h2 id="devices-title">{s.account.devices}</h2>
      <Problem error={error} />
      <ul class="devices">
        {sorted.map((device) => (
          <Device key={device.id} device={device} onEnd={() => void end(api.endDevice(device.id))} />
        ))}
      </ul>
      {sorted.length > 1 && (
        <button type="button" data-action="end-others" onClick={() => void end(api.endOtherDevices())}>
          {s.account.endOthers}
        </button>
      )}
    </section>
  )
}

function Account({ session: { user, expiresAt } }: { session: SessionInfo }) {
  const [error, setError] = useState<unknown>(null)
  const isGuest = user.role === 'customer'

  async function signOut(): Promise<void> {
    try {
      await api.logout()
      tellTabs({ type: 'signed-out' })
      rememberSignedIn(false)
      location.assign('/login')
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
        <StaffHeader here="account" />
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

void start(
  () => <Gate>{(session) => <Account session={session} />}</Gate>,
  () => s.nav.account,
)
