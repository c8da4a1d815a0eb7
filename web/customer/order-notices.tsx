import { useEffect, useState } from 'preact/hooks'
import { beginPush, pushState, readPush, turnPushOff, turnPushOn } from '../lib/push.js'
import { useStore } from '../lib/store.js'
import { s } from '../strings/language.js'

/** Consent to notifications about one order. Where they can't be had, nothing is offered. */
export function OrderNotices({ orderId }: { orderId: number }) {
  useState(() => beginPush({ order: orderId }))
  const state = useStore(pushState)
  const [busy, setBusy] = useState(false)
  const [failed, setFailed] = useState(false)
  useEffect(() => void readPush({ order: orderId }), [orderId])
  if (state === 'unknown' || state === 'unavailable') return null

  async function change(turn: typeof turnPushOn): Promise<void> {
    setBusy(true)
    setFailed(false)
    await turn({ order: orderId }).catch(() => setFailed(true))
    setBusy(false)
  }
  return (
    <section class="notices" aria-label={s.notices.title} data-push={state}>
      {state === 'off' && (
        <>
          <button
            type="button"
            data-action="notify"
            disabled={busy}
            aria-describedby="notices-why"
            onClick={() => void change(turnPushOn)}
          >
            {s.notices.offer}
          </button>
          <p id="notices-why" class="quiet small">
            {s.notices.offerWhy}
          </p>
        </>
      )}
      <p role="status">{state === 'off' ? failed && s.notices.failed : s.notices[state]}</p>
      {state === 'on' && (
        <button
          type="button"
          data-action="stop-notices"
          disabled={busy}
          onClick={() => void change(turnPushOff)}
        >
          {s.notices.stop}
        </button>
      )}
    </section>
  )
}
