import { useEffect, useRef, useState } from 'preact/hooks'
import { notifyPermission, requestNotifications } from '../lib/notify.js'
import { beginPush, type PushState, pushState, readPush, turnPushOff, turnPushOn } from '../lib/push.js'
import { type SoundState, soundState, toggleSound } from '../lib/sound.js'
import { useStore } from '../lib/store.js'
import { s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'

interface LabelProps<State extends string> {
  texts: Readonly<Record<State, string>>
  shown: State
}

/** As wide as the longest of its texts: what starts at a touch must not move the control that the touch is for. */
function ToolLabel<State extends string>({ texts, shown }: LabelProps<State>) {
  const states = Object.keys(texts) as State[]
  return (
    <span class="tool-label">
      {states.map((state) => (
        <span key={state} data-shown={state === shown}>
          {texts[state]}
        </span>
      ))}
    </span>
  )
}

export function SoundSwitch() {
  const state = useStore(soundState)
  const pressed = useRef<SoundState | null>(null)
  const press = (): void => {
    pressed.current = state
  }
  function toggle(): void {
    toggleSound(pressed.current ?? state)
    pressed.current = null
  }
  return (
    <button
      type="button"
      class="tool"
      data-sound={state}
      onPointerDown={press}
      onKeyDown={press}
      onClick={toggle}
    >
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M4 9h4l5-4v14l-5-4H4Z" />
        {state === 'muted' ? (
          <path d="m16.5 9.5 5 5m0-5-5 5" />
        ) : (
          <path d="M16.5 8.500a5 5 0 0 1 0 7M19 6a8.5 8.5 0 0 1 0 12" />
        )}
      </svg>
      <ToolLabel texts={st.tools.sound} shown={state} />
    </button>
  )
}

interface PlaceProps {
  theatre: number | null
  /** '' means all */
  hall: string
}

/**
 * Notifications of what this screen shows. Where the browser or the service has no Web Push, those of the open page, which
 * need the permission alone.
 */
export function NotifySwitch({ theatre, hall }: PlaceProps) {
  const permission = useStore(notifyPermission)
  useState(() => theatre !== null && beginPush({ theatre }))
  const push = useStore(pushState)
  const [help, setHelp] = useState<string | null>(null)
  const scope = theatre === null ? null : { theatre, ...(hall === '' ? {} : { hall }) }
  useEffect(() => {
    if (scope) void readPush(scope)
  }, [theatre, hall])
  const state = push === 'unavailable' ? pageState(permission) : push
  if (state === 'unknown' || state === 'unavailable' || !scope) return null

  async function press(): Promise<void> {
    setHelp(state === 'blocked' || state === 'install' ? s.notices[state] : null)
    if (!scope || state === 'blocked' || state === 'install') return
    try {
      if (push === 'unavailable') await requestNotifications()
      else if (state === 'on') await turnPushOff(scope)
      else await turnPushOn(scope)
    } catch {
      setHelp(s.notices.failed)
    }
  }
  return (
    <>
      <button
        type="button"
        class="tool"
        data-action="notify"
        data-push={state}
        aria-pressed={state === 'on'}
        onClick={() => void press()}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M6 17V11a6 6 0 0 1 12 0v6l1.5 1.500h-15ZM10 21h4" />
          {(state === 'blocked' || state === 'install') && <path d="M4 4 20 20" />}
        </svg>
        <ToolLabel texts={st.tools.notify} shown={state === 'on' || state === 'blocked' ? state : 'off'} />
      </button>
      {help !== null && (
        <p class="tool-help" role="alert">
          {help}{' '}
          <button type="button" onClick={() => setHelp(null)}>
            {s.common.close}
          </button>
        </p>
      )}
    </>
  )
}

function pageState(permission: string): PushState {
  return permission === 'default' ? 'off' : 'unavailable'
}
