import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Problem } from './problem.js'

interface Props {
  title: string
  /** the word on the button that closes it */
  dismiss: string
  submit: string
  busy: boolean
  /** what went wrong at the last submit */
  problem: unknown
  onSubmit(): void
  onClose(): void
  children?: ComponentChildren
}

/** A dialog with one form. */
export function FormDialog({ title, dismiss, submit, busy, problem, onSubmit, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby={id} onClose={onClose}>
      <header class="sheet-head">
        <h2 id={id}>{title}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {dismiss}
        </button>
      </header>
      <form
        class="issue-form"
        onSubmit={(event) => {
          event.preventDefault()
          if (!busy) onSubmit()
        }}
      >
        {children}
        <Problem error={problem} />
        <button type="submit" class="primary wide" data-action="confirm" disabled={busy}>
          {submit}
        </button>
      </form>
    </dialog>
  )
}
