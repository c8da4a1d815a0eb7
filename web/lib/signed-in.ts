import { flag } from './decode.js'
import { recall, remember } from './storage.js'

// Whether somebody of the staff was signed in here when a page looked last: no proof of anything, only a reason to open
// a socket before the service has said so.

export const wasSignedIn = (): boolean => recall('signed-in', flag) ?? false

export function rememberSignedIn(isSignedIn: boolean): void {
  remember('signed-in', isSignedIn || null)
}
