import type { ComponentChildren } from 'preact'
import { st } from '../strings/staff/strings.js'
import { FormDialog } from '../ui/form-dialog.js'
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

/** Asks before what can't be taken back. */
export function ConfirmDialog({ text, change, children, ...form }: Props) {
  return (
    <FormDialog {...form} dismiss={st.manage.cancel} busy={change.busy} problem={change.problem}>
      <p>{text}</p>
      {children}
    </FormDialog>
  )
}
