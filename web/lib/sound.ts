import { isBoolean, recall, remember } from './storage.js'
import { createStore } from './store.js'

/** `waiting`: on, but the browser plays nothing before the first touch or key press. */
export type SoundState = 'on' | 'waiting' | 'muted'

const context = 'AudioContext' in globalThis ? new AudioContext() : null
let muted = recall('muted', isBoolean) ?? false

function state(): SoundState {
  if (muted || !context) return 'muted'
  return context.state === 'running' ? 'on' : 'waiting'
}

export const soundState = createStore<SoundState>(state())

function refresh(): void {
  soundState.set(state())
}

async function unlock(): Promise<void> {
  await context?.resume().catch(() => {})
  refresh()
}

context?.addEventListener('statechange', refresh)
for (const touch of ['pointerdown', 'keydown'])
  addEventListener(touch, () => void unlock(), { passive: true })

export function toggleSound(): void {
  muted = soundState.get() === 'on'
  remember('muted', muted)
  refresh()
  void unlock().then(() => playNewOrder())
}

interface Note {
  at: number
  pitch: number
  length: number
  loudness: number
  wave: OscillatorType
}

function play(notes: readonly Note[]): void {
  if (!context || soundState.get() !== 'on') return
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
  play([...bell(0, 659), ...bell(0.22, 880)])
}

/** The three knocks before the curtain: low and short, unlike the bell. */
export function playOverdue(): void {
  play([0, 0.26, 0.52].map((at) => ({ at, pitch: 150, length: 0.18, loudness: 0.5, wave: 'triangle' })))
}

export function playMessage(): void {
  play(bell(0, 1175).map((note) => ({ ...note, loudness: note.loudness * 0.6 })))
}

/** The session is about to end: two falling notes, twice. */
export function playWarning(): void {
  play([...bell(0, 880), ...bell(0.2, 587), ...bell(0.6, 880), ...bell(0.8, 587)])
}
