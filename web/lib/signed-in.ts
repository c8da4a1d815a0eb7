import { isBoolean, recall, remember } from './storage.js'

// Whether a staff member was signed in here at the last visit. Only a hint to open sockets early, proof of nothing.

export const wasSignedIn = (): boolean => recall('signed-in', isBoolean) ?? false

export function rememberSignedIn(isSignedIn: boolean): void {
  remember('signed-in', isSignedIn || null)
}
