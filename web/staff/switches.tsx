import { useRef } from 'preact/hooks'
import { notifyPermission, requestNotifications } from '../lib/notify.js'
import { type SoundState, soundState, toggleSound } from '../lib/sound.js'
import { useStore } from '../lib/store.js'
import { s } from '../strings/language.js'

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
      <span class="tool-label">{s.tools.sound[state]}</span>
    </button>
  )
}

export function NotifySwitch() {
  const permission = useStore(notifyPermission)
  if (permission !== 'default') return null
  return (
    <button type="button" class="tool" data-action="notify" onClick={() => void requestNotifications()}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M6 17V11a6 6 0 0 1 12 0v6l1.5 1.500h-15ZM10 21h4" />
      </svg>
      <span class="tool-label">{s.tools.notify}</span>
    </button>
  )
}
