import { useEffect, useState } from 'preact/hooks'

const SETTLE_MS = 700

/**
 * Whether a control has stood still long enough to be pressed on purpose: it appeared, or `subject` changed, a moment ago
 * otherwise, and the finger may already have been on its way.
 */
export function useSettled(subject?: unknown): boolean {
  // What has settled is remembered, not that something has: a new subject must not be pressed before the effect runs.
  const [settled, setSettled] = useState<{ subject: unknown } | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => setSettled({ subject }), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [subject])
  return settled !== null && Object.is(settled.subject, subject)
}
