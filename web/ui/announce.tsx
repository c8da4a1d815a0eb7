import { createStore, useStore } from '../lib/store.js'

interface Spoken {
  polite: string
  urgent: string
}
const spoken = createStore<Spoken>({ polite: '', urgent: '' })

/** Says aloud what the page shows by colour, motion or place. `urgent` interrupts: for what can't wait. */
export function announce(text: string, urgent = false): void {
  const key = urgent ? 'urgent' : 'polite'
  spoken.update((now) => {
    // A region that gets the same text again says nothing: a no-break space makes it another text.
    const next = now[key] === text ? `${text}\u00a0` : text
    return { ...now, [key]: next }
  })
}

export function Announcer() {
  const { polite, urgent } = useStore(spoken)
  return (
    <div class="aside-voice">
      <p aria-live="polite" data-voice="polite">
        {polite}
      </p>
      <p aria-live="assertive" data-voice="urgent">
        {urgent}
      </p>
    </div>
  )
}
