import { createStore, useStore } from '../lib/store.js'

interface Announcements {
  polite: string
  urgent: string
}
const announcements = createStore<Announcements>({ polite: '', urgent: '' })

/** Announces to screen readers what the page shows by colour, motion or place. `urgent` interrupts other speech. */
export function announce(text: string, urgent = false): void {
  const key = urgent ? 'urgent' : 'polite'
  announcements.update((now) => {
    // A live region announces changes only; a no-break space makes a repeated text a change.
    const next = now[key] === text ? `${text}\u00a0` : text
    return { ...now, [key]: next }
  })
}

export function Announcer() {
  const { polite, urgent } = useStore(announcements)
  return (
    <div class="visually-hidden">
      <p aria-live="polite" data-announce="polite">
        {polite}
      </p>
      <p aria-live="assertive" data-announce="urgent">
        {urgent}
      </p>
    </div>
  )
}
