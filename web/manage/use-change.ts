import { useState } from 'preact/hooks'
import { announce } from '../ui/announce.js'
import { explainChange } from './manage-problem.js'

export interface Change {
  busy: boolean
  problem: string | null
  /** what was done last; for the eyes what `announce` is for the ears */
  done: string | null
  /** Runs one change at a time; resolves to whether it succeeded. `done` is announced then. */
  run<T>(call: () => Promise<T>, done: (result: T) => string): Promise<boolean>
  fail(problem: string): void
}

/** A change that a form or button makes: busy, what went wrong, what was done. */
export function useChange(): Change {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const [done, setDone] = useState<string | null>(null)
  async function run<T>(call: () => Promise<T>, words: (result: T) => string): Promise<boolean> {
    if (busy) return false
    setBusy(true)
    setProblem(null)
    setDone(null)
    try {
      const text = words(await call())
      setDone(text)
      announce(text)
      return true
    } catch (error) {
      setProblem(explainChange(error))
      return false
    } finally {
      setBusy(false)
    }
  }
  return { busy, problem, done, run, fail: setProblem }
}
