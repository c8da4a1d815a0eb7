import { st } from '../strings/staff/strings.js'

interface Props {
  /** of what it moves */
  name: string
  by: -1 | 1
  /** not disabled there, where the focus would be lost */
  isAtEdge: boolean
  onMove(): void
  onKeyDown?(event: KeyboardEvent): void
}

/** Moves something one place up or down. */
export function MoveButton({ name, by, isAtEdge, onMove, ...keys }: Props) {
  return (
    <button
      type="button"
      class="move"
      data-action={by < 0 ? 'move-up' : 'move-down'}
      aria-disabled={isAtEdge}
      aria-keyshortcuts={by < 0 ? 'Alt+ArrowUp' : 'Alt+ArrowDown'}
      onClick={onMove}
      {...keys}
    >
      <span aria-hidden="true">{by < 0 ? '↑' : '↓'}</span>
      <span class="visually-hidden">
        {by < 0 ? st.manage.menu.moveUp : st.manage.menu.moveDown} {name}
      </span>
    </button>
  )
}
