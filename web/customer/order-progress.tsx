import type { OrderView } from '../../src/protocol/views.js'
import { f, s } from '../strings/language.js'

type Step = { key: 'confirmed' | 'seen' | 'delivered'; at: string | null; name: string }

/** One light bulb for each step, lit when the step is done. */
export function OrderProgress({ order }: { order: OrderView }) {
  if (order.status === 'cancelled') return null
  const first = order.paymentMethod === 'cash' ? s.order.steps.accepted : s.order.steps.paid
  const steps: Step[] = [
    { key: 'confirmed', at: order.confirmedAt, name: first },
    { key: 'seen', at: order.seenAt, name: s.order.steps.seen },
    { key: 'delivered', at: order.deliveredAt, name: s.order.steps.delivered },
  ]
  const next = steps.findIndex((step) => step.at === null)
  return (
    <ol class="progress" aria-label={s.order.progress}>
      {steps.map((step, index) => (
        <li
          key={step.key}
          data-step={step.key}
          data-done={step.at !== null}
          data-next={index === next}
          aria-current={index === next ? 'step' : undefined}
        >
          <span class="bulb" aria-hidden="true" />
          <span class="step-name">{step.name}</span>
          <span class="step-time">
            {step.at ? f.time(step.at) : <span class="visually-hidden">{s.order.notYet}</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}
