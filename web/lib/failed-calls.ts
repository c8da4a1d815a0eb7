const listeners = new Set<() => void>()

/** Calls `listener` whenever a call got no answer of the service. Returns the unsubscribe function. */
export function onFailedCall(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Reports that a call got no answer of the service: the page's socket may be as dead as the call. */
export function reportFailedCall(): void {
  for (const listener of listeners) listener()
}
