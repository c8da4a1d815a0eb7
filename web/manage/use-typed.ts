import { useEffect, useRef, useState } from 'preact/hooks'

/** Keys of rows are the page's own. */
const textOf = (value: unknown): string =>
  JSON.stringify(value, (name, each: unknown) => (name === 'key' ? undefined : each))

/** What is typed, with the present values of the fields that are as they were before. */
export function mergeTyped<T extends object>(typed: T, before: T, now: T): T {
  const names = Object.keys(now) as (keyof T)[]
  const followed = names.filter(
    (name) => textOf(typed[name]) === textOf(before[name]) && textOf(now[name]) !== textOf(before[name]),
  )
  if (followed.length === 0) return typed
  return { ...typed, ...Object.fromEntries(followed.map((name) => [name, now[name]])) }
}

/**
 * The fields of a form as typed. Those that are untouched follow `now`, which other managers may change meanwhile. `reset`:
 * what was typed is saved.
 */
export function useTyped<T extends object>(now: T) {
  const [typed, setTyped] = useState(now)
  const base = useRef(now)
  useEffect(() => {
    const before = base.current
    base.current = now
    setTyped((fields) => mergeTyped(fields, before, now))
  }, [textOf(now)])
  function reset(saved: T): void {
    base.current = saved
    setTyped(saved)
  }
  return { typed, set: (change: Partial<T>) => setTyped((fields) => ({ ...fields, ...change })), reset }
}
