import { isBoolean, recall, remember } from './storage.js'
import { createStore } from './store.js'
import { onUserGesture } from './touch.js'

/** `waiting`: on, but nothing can be heard: before the first touch or key press, or while the system uses the speaker. */
export type SoundState = 'on' | 'waiting' | 'muted'

const context = 'AudioContext' in globalThis ? new AudioContext() : null
const CLOCK_CHECK_MS = 2000
/** A bell later than that belongs to nothing on the screen. */
const RESUME_DEADLINE_MS = 1000

/** After a call or an alarm, iOS may call a context "running" that plays nothing: then its clock stands still. */
let isStuck = false
let muted = recall('muted', isBoolean) ?? false

const isRunning = (audio: AudioContext): boolean => audio.state === 'running' && !isStuck

function state(): SoundState {
  if (muted || !context) return 'muted'
  return isRunning(context) ? 'on' : 'waiting'
}

export const soundState = createStore<SoundState>(state())

function refresh(): void {
  soundState.set(state())
}

/** Starts the sound, or starts it again after an interruption. Pending for as long as the browser does not allow it. */
async function resume(): Promise<void> {
  if (!context || isRunning(context)) return
  try {
    if (isStuck) await context.suspend()
    await context.resume()
    isStuck = false
  } catch {
    // The next touch tries again.
  }
  refresh()
}

function watch(audio: AudioContext): void {
  let before = -1
  audio.addEventListener('statechange', refresh)
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void resume()
  })
  onUserGesture(() => void resume())
  setInterval(() => {
    isStuck = audio.state === 'running' && audio.currentTime === before
    before = audio.currentTime
    refresh()
  }, CLOCK_CHECK_MS)
}
if (context) watch(context)

/** `shown`: what the switch showed when it was pressed, as the press itself may have started the sound. */
export function toggleSound(shown: SoundState): void {
  muted = shown === 'on'
  remember('muted', muted)
  refresh()
  playNewOrder()
}

interface Note {
  at: number
  pitch: number
  length: number
  loudness: number
  wave: OscillatorType
}

async function play(notes: readonly Note[]): Promise<void> {
  if (!context || muted) return
  if (!isRunning(context)) {
    const deadline = new Promise((resolve) => setTimeout(resolve, RESUME_DEADLINE_MS))
    await Promise.race([resume(), deadline])
  }
  if (soundState.get() !== 'on') return
  const start = context.currentTime + 0.02
  for (const note of notes) {
    const tone = context.createOscillator()
    const volume = context.createGain()
    tone.type = note.wave
    tone.frequency.value = note.pitch
    volume.gain.setValueAtTime(0.0001, start + note.at)
    volume.gain.exponentialRampToValueAtTime(note.loudness, start + note.at + 0.012)
    volume.gain.exponentialRampToValueAtTime(0.0001, start + note.at + note.length)
    tone.connect(volume).connect(context.destination)
    tone.start(start + note.at)
    tone.stop(start + note.at + note.length)
  }
}

function bell(at: number, pitch: number): Note[] {
  return [
    { at, pitch, length: 1.4, loudness: 0.32, wave: 'sine' },
    { at, pitch: pitch * 2.76, length: 0.5, loudness: 0.07, wave: 'sine' },
    { at, pitch: pitch * 5.4, length: 0.22, loudness: 0.03, wave: 'sine' },
  ]
}

/** The foyer's interval bell: two notes, rising. */
export function playNewOrder(): void {
  void play([...bell(0, 659), ...bell(0.22, 880)])
}

/** The three knocks before the curtain: low and short, unlike the bell. */
export function playOverdue(): void {
  void play([0, 0.26, 0.52].map((at) => ({ at, pitch: 150, length: 0.18, loudness: 0.5, wave: 'triangle' })))
}

export function playMessage(): void {
  void play(bell(0, 1175).map((note) => ({ ...note, loudness: note.loudness * 0.6 })))
}

/** The session is about to end: two falling notes, twice. */
export function playWarning(): void {
  void play([...bell(0, 880), ...bell(0.2, 587), ...bell(0.6, 880), ...bell(0.8, 587)])
}
