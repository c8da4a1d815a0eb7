import { useEffect, useState } from 'preact/hooks'
import type { PaymentIssueView } from '../../src/protocol/views.js'
import { readAmount, writeAmount } from '../lib/amount.js'
import { useStore } from '../lib/store.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FormDialog } from '../ui/form-dialog.js'
import type { PaymentDesk } from './payment-desk.js'

/** A refund gives back the payment that the order counts as its own; money of other kinds needs the provider's site. */
const REFUNDABLE: readonly PaymentIssueView['kind'][] = ['refund_due', 'late_capture']

interface FormProps {
  issue: PaymentIssueView
  desk: PaymentDesk
  onClose(): void
}

/** Busy, and what went wrong; closes the dialog once the call has succeeded. */
function useCall(onClose: () => void) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  async function run(call: () => Promise<string | null>): Promise<void> {
    setBusy(true)
    setProblem(null)
    const failed = await call()
    setBusy(false)
    if (failed === null) onClose()
    else setProblem(failed)
  }
  return { busy, problem, setProblem, run }
}

function RefundForm({ issue, desk, onClose }: FormProps) {
  /** paise that are left to give back now: a part may have gone back since the list was read */
  const [left, setLeft] = useState<number | null>(null)
  const [typed, setTyped] = useState('')
  const { busy, problem, setProblem, run } = useCall(onClose)
  const amount = readAmount(typed)
  const isValid = left !== null && amount !== null && amount > 0 && amount <= left

  useEffect(() => {
    void desk.leftOf(issue).then((paise) => {
      setLeft(paise)
      setTyped(writeAmount(paise))
    })
  }, [desk, issue])

  function submit(): void {
    if (isValid) void run(() => desk.refund(issue, amount, left))
    else setProblem(st.payments.upTo(f.money(left ?? issue.amount)))
  }
  return (
    <FormDialog
      dismiss={s.common.close}
      title={st.payments.refundOf(issue.orderId ?? 0)}
      submit={
        busy
          ? st.payments.refunding
          : isValid
            ? st.payments.confirmRefund(f.money(amount))
            : st.payments.refund
      }
      busy={busy || left === null}
      problem={problem}
      onClose={onClose}
      onSubmit={submit}
    >
      <label class="field">
        <span>{st.payments.refundAmount}</span>
        <input
          name="amount"
          inputMode="decimal"
          autocomplete="off"
          disabled={left === null}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <p class="quiet">{st.payments.final}</p>
    </FormDialog>
  )
}

function ResolveForm({ issue, desk, onClose }: FormProps) {
  const [note, setNote] = useState('')
  const { busy, problem, run } = useCall(onClose)
  return (
    <FormDialog
      dismiss={s.common.close}
      title={st.payments.resolveTitle}
      submit={st.payments.save}
      {...{ busy, problem, onClose }}
      onSubmit={() => void run(() => desk.resolve(issue, note))}
    >
      <label class="field">
        <span>{st.payments.note}</span>
        <textarea
          name="note"
          rows={3}
          maxLength={500}
          required
          value={note}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
      </label>
    </FormDialog>
  )
}

interface IssueProps {
  issue: PaymentIssueView
  /** of its times, the theatre's; the device's unless known */
  timeZone: string | undefined
}

/** Kind, order, amount and time of one issue. */
function IssueFacts({ issue, timeZone }: IssueProps) {
  return (
    <>
      <p class="issue-head">
        <b>{st.payments.kinds[issue.kind]}</b> <span class="amount">{f.money(issue.amount)}</span>
      </p>
      <p class="quiet">
        {issue.orderId !== null && `${s.common.orderNumber(issue.orderId)} · `}
        <time dateTime={issue.at}>{f.dateTime(issue.at, timeZone)}</time> ·{' '}
        {st.payments.reference(issue.chargeId)}
      </p>
    </>
  )
}

/** Cash is handed back by a person; only online payments go back by themselves. */
const adviceOn = ({ kind, paymentId }: PaymentIssueView): string =>
  kind === 'refund_due' && paymentId === null ? st.payments.cashRefundDue : st.payments.help[kind]

export function OpenIssue({ issue, timeZone, desk }: IssueProps & { desk: PaymentDesk }) {
  const [dialog, setDialog] = useState<'refund' | 'resolve' | null>(null)
  const requested = useStore(desk.requested).get(issue.id)
  const close = (): void => setDialog(null)
  const title = `issue-${issue.id}`
  const canRefund = REFUNDABLE.includes(issue.kind) && issue.orderId !== null && requested === undefined
  return (
    <li class="issue" data-issue-id={issue.id} data-kind={issue.kind}>
      <div id={title}>
        <IssueFacts issue={issue} timeZone={timeZone} />
      </div>
      <p>{requested === undefined ? adviceOn(issue) : st.payments.underWay(f.money(requested))}</p>
      <div class="issue-actions">
        {canRefund && (
          <button
            type="button"
            class="primary"
            data-action="refund"
            aria-describedby={title}
            onClick={() => setDialog('refund')}
          >
            {st.payments.refund}
          </button>
        )}
        <button
          type="button"
          data-action="resolve"
          aria-describedby={title}
          onClick={() => setDialog('resolve')}
        >
          {st.payments.resolve}
        </button>
      </div>
      {dialog === 'refund' && <RefundForm issue={issue} desk={desk} onClose={close} />}
      {dialog === 'resolve' && <ResolveForm issue={issue} desk={desk} onClose={close} />}
    </li>
  )
}

export function ResolvedIssue({ issue, timeZone }: IssueProps) {
  return (
    <li class="issue" data-issue-id={issue.id} data-kind={issue.kind}>
      <IssueFacts issue={issue} timeZone={timeZone} />
      <p>{issue.note ?? st.payments.automatic}</p>
      <p class="quiet">
        {issue.resolvedAt && st.payments.resolvedAt(f.dateTime(issue.resolvedAt, timeZone))}
      </p>
    </li>
  )
}
