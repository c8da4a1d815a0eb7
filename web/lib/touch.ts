/**
 * Calls `listener` at each touch, click and key press: after the first, browsers allow a page more. A finger counts when
 * it is lifted, a mouse when it is pressed. Returns the unsubscribe function.
 */
export function onUserGesture(listener: () => void): () => void {
  const types = ['pointerdown', 'pointerup', 'keydown']
  for (const type of types) addEventListener(type, listener, { passive: true })
  return () => {
    for (const type of types) removeEventListener(type, listener)
  }
}
