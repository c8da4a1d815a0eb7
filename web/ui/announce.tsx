import { createStore, useStore } from '../lib/store.js'

/** Announcements of one moment are made together. */
const GATHER_MS = 150
/** How long a screen reader has to notice an announcement before the next replaces it; it then speaks one after the other. */
const NOTICE_MS = 1500

interface Announcement {
  id: number
  text: string
}

/** The texts of one live region. None replaces another that was not noticed yet: later ones wait, and are made together. */
function createRegion() {
  const shown = createStore<readonly Announcement[]>([])
  let waiting: Announcement[] = []
  let timer: ReturnType<typeof setTimeout> | null = null
  let count = 0
  function show(): void {
    timer = null
    if (waiting.length === 0) return
    shown.set(waiting)
    waiting = []
    timer = setTimeout(show, NOTICE_MS)
  }
  return {
    shown,
    add(text: string): void {
      count += 1
      waiting.push({ id: count, text })
      if (timer === null) timer = setTimeout(show, GATHER_MS)
    },
  }
}

const polite = createRegion()
const urgent = createRegion()

/** Announces to screen readers what the page shows by colour, motion or place. `isUrgent` interrupts other speech. */
export function announce(text: string, isUrgent = false): void {
  const region = isUrgent ? urgent : polite
  region.add(text)
}

// A new element for each announcement: only added nodes are announced, also where the text is the same again.
function Texts({ of }: { of: ReturnType<typeof createRegion> }) {
  return (
    <>
      {useStore(of.shown).map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </>
  )
}

export function Announcer() {
  return (
    <div class="visually-hidden">
      <div aria-live="polite" data-announce="polite">
        <Texts of={polite} />
      </div>
      <div aria-live="assertive" data-announce="urgent">
        <Texts of={urgent} />
      </div>
    </div>
  )
}
