import type { StaffStrings } from './en.js'

/** Texts of the staff's pages, set once before the first render. Customers' pages don't load them. */
export let st: StaffStrings

export function setStaffStrings(strings: StaffStrings): void {
  st = strings
}
