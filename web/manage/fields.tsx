import { useId } from 'preact/hooks'
import { st } from '../strings/staff/strings.js'
import { Problem } from '../ui/problem.js'
import type { Change } from './use-change.js'

interface InputProps {
  type?: 'password'
  required?: boolean
  minLength?: number
  maxLength?: number
  inputMode?: 'numeric' | 'decimal'
  autocomplete?: 'new-password'
  autocapitalize?: 'none' | 'characters'
  spellcheck?: boolean
}

interface Props extends InputProps {
  name: string
  label: string
  hint?: string
  /** what is wrong with the value, at the field */
  problem?: string | undefined
  value: string
  onText(text: string): void
}

/** A labelled input. */
export function TextField({ name, label, hint, problem, value, onText, ...input }: Props) {
  const id = useId()
  return (
    <div class="field-box">
      <label class="field">
        <span>{label}</span>
        <input
          autocomplete="off"
          {...input}
          name={name}
          value={value}
          aria-invalid={problem !== undefined}
          aria-describedby={problem === undefined ? undefined : id}
          onInput={(event) => onText(event.currentTarget.value)}
        />
        {hint && <small>{hint}</small>}
      </label>
      <FieldProblemText id={id} problem={problem} />
    </div>
  )
}

/** What is wrong with a field; it stands below the input that it describes. */
export function FieldProblemText({ id, problem }: { id: string; problem: string | undefined }) {
  if (problem === undefined) return null
  return (
    <p id={id} class="field-problem">
      {problem}
    </p>
  )
}

/** The end of a form: its problem, its button, and that it was saved. */
export function Submit({ change, label, action }: { change: Change; label: string; action: string }) {
  return (
    <div class="wide-field">
      <Problem error={change.problem} />
      <p class="row-actions">
        <button type="submit" class="primary" data-action={action} disabled={change.busy}>
          {label}
        </button>
        {change.done && <span class="quiet saved">{change.done}</span>}
      </p>
    </div>
  )
}

export const saved = (): string => st.manage.saved
