import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { s } from '../strings/language.js'
import { Problem } from '../ui/problem.js'
import { useSettled } from '../ui/use-settled.js'
import type { Change } from './use-change.js'

interface Props {
  title: string
  text: string
  submit: string
  change: Change
  onSubmit(): void
  onClose(): void
  children?: ComponentChildren
}

/** Asks before what can't be taken back. The button takes no touch at first: the finger may be on its way. */
export function ConfirmDialog({ title, text, submit, change, onSubmit, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const isSettled = useSettled()
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby={id} onClose={onClose}>
      <header class="sheet-head">
        <h2 id={id}>{title}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {s.manage.cancel}
        </button>
      </header>
      <form
        class="issue-form"
        onSubmit={(event) => {
          event.preventDefault()
          onSubmit()
        }}
      >
        <p>{text}</p>
        {children}
        <Problem error={change.problem} />
        <button
          type="submit"
          class="primary wide"
          data-action="confirm"
          data-settling={!isSettled}
          disabled={change.busy}
        >
          {submit}
        </button>
      </form>
    </dialog>
  )
}
