/** Alt+↑ and Alt+↓ of a key event as a step; other keys are left alone. */
export function onStepKey(event: KeyboardEvent, onStep: (by: -1 | 1) => void): void {
  const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : null
  if (by === null || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  onStep(by)
}
