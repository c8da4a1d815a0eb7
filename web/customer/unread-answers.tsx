import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { MessageView } from '../../src/protocol/views.js'
import { isNumber, recall, remember } from '../lib/storage.js'
import { s } from '../strings/language.js'

/** of the messages that must be on the screen, where the newest are the last */
const MOSTLY = 0.9
/** ms for which they must be: a page that is scrolled past them has not shown them */
const LOOK_MS = 800
const VIBRATE_MS = [120, 80, 120]

/** Whether the element is on the screen, of a page that is. */
function useInView(element: RefObject<Element | null>): boolean {
  const [inView, setInView] = useState(false)
  useEffect(() => {
    let isNear = false
    const update = (): void => setInView(isNear && document.visibilityState === 'visible')
    const observer = new IntersectionObserver(
      (entries) => {
        isNear = (entries.at(-1)?.intersectionRatio ?? 0) >= MOSTLY
        update()
      },
      { threshold: MOSTLY },
    )
    if (element.current) observer.observe(element.current)
    document.addEventListener('visibilitychange', update)
    return () => {
      observer.disconnect()
      document.removeEventListener('visibilitychange', update)
    }
  }, [element])
  return inView
}

/** A count on the app's icon, where the page is installed. */
function showOnIcon(count: number): void {
  if (!('setAppBadge' in navigator)) return
  void (count > 0 ? navigator.setAppBadge(count) : navigator.clearAppBadge()).catch(() => {})
}

/**
 * How many of the staff's messages the customer has not had on the screen. A new one vibrates the phone, unless it is on the
 * screen at once. What was seen is remembered.
 */
export function useUnreadAnswers(
  orderId: number,
  messages: readonly MessageView[],
  log: RefObject<Element | null>,
): number {
  const [seen, setSeen] = useState(() => recall(`answer-seen.${orderId}`, isNumber) ?? 0)
  const inView = useInView(log)
  const answers = messages.filter(({ from }) => from === 'staff')
  const last = answers.at(-1)?.id ?? 0
  const count = inView ? 0 : answers.filter(({ id }) => id > seen).length
  useEffect(() => {
    if (!inView || last <= seen) return
    const timer = setTimeout(() => {
      remember(`answer-seen.${orderId}`, last)
      setSeen(last)
    }, LOOK_MS)
    return () => clearTimeout(timer)
  }, [inView, last, seen, orderId])
  useEffect(() => {
    // Before the first touch browsers forbid it.
    if (count > 0 && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(VIBRATE_MS)
    showOnIcon(count)
  }, [count, last])
  return count
}

/** Leads to answers that are further down on the page. */
export function AnswerBelow({ count, log }: { count: number; log: RefObject<Element | null> }) {
  return (
    <button
      type="button"
      class="primary new-below"
      data-action="answers"
      data-unread={count}
      onClick={() => {
        log.current?.scrollIntoView({ block: 'center' })
        if (log.current instanceof HTMLElement) log.current.focus({ preventScroll: true })
      }}
    >
      {s.chat.newAnswers(count)}
    </button>
  )
}
