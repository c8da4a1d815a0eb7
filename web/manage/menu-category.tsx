import { useState } from 'preact/hooks'
import { MAX_NAME } from '../../src/protocol/menu-limits.js'
import { managerApi } from '../lib/manager-api.js'
import { st } from '../strings/staff/strings.js'
import { FormDialog } from '../ui/form-dialog.js'
import { Problem } from '../ui/problem.js'
import { saved, TextField } from './fields.js'
import { MoveButton } from './move-button.js'
import { onStepKey } from './step-key.js'
import { useChange } from './use-change.js'
import { nameOf } from './use-menu.js'

interface HeadProps {
  /** of the heading */
  id: string
  category: string
  isFirst: boolean
  isLast: boolean
  problem: unknown
  onStep(by: -1 | 1): void
  onRename(): void
}

/** The heading of a category, which moves as a whole. */
export function CategoryHead({ id, category, isFirst, isLast, problem, onStep, onRename }: HeadProps) {
  const name = nameOf(category)
  const onKeyDown = (event: KeyboardEvent): void => onStepKey(event, onStep)
  return (
    <div class="category-head">
      <h3 id={id}>{name}</h3>
      <div class="row-actions">
        <MoveButton name={name} by={-1} isAtEdge={isFirst} onMove={() => onStep(-1)} onKeyDown={onKeyDown} />
        <MoveButton name={name} by={1} isAtEdge={isLast} onMove={() => onStep(1)} onKeyDown={onKeyDown} />
        <button type="button" data-action="rename-category" onClick={onRename} onKeyDown={onKeyDown}>
          {st.manage.menu.rename}
          <span class="visually-hidden"> {name}</span>
        </button>
      </div>
      <Problem error={problem} />
    </div>
  )
}

interface RenameProps {
  theatreId: number
  category: string
  onRenamed(): void
  onClose(): void
}

/** Asks for the new name of a category. */
export function RenameCategory({ theatreId, category, onRenamed, onClose }: RenameProps) {
  const [name, setName] = useState(category)
  const change = useChange()
  return (
    <FormDialog
      title={st.manage.menu.renameTitle(nameOf(category))}
      dismiss={st.manage.cancel}
      submit={st.manage.save}
      busy={change.busy}
      problem={change.problem}
      onClose={onClose}
      onSubmit={() =>
        void change
          .run(() => managerApi.renameCategory(theatreId, category, name), saved)
          .then((done) => done && onRenamed())
      }
    >
      <TextField
        name="category"
        label={st.manage.menu.category}
        maxLength={MAX_NAME}
        value={name}
        onText={setName}
      />
    </FormDialog>
  )
}
