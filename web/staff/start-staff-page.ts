import type { ComponentType } from 'preact'
import { en, type StaffStrings } from '../strings/staff/en.js'
import { setStaffStrings } from '../strings/staff/strings.js'
import { startPage } from '../ui/start-page.js'

const translations = import.meta.glob<{ strings: StaffStrings }>([
  '../strings/staff/*.ts',
  '!../strings/staff/en.ts',
  '!../strings/staff/strings.ts',
])

/** English where a language has no strings. */
async function loadStaffStrings(language: string): Promise<void> {
  const load = translations[`../strings/staff/${language}.ts`]
  setStaffStrings(load ? (await load()).strings : en)
}

/** Entry point of the staff's pages, and of /account: as `startPage`, with the staff's texts. */
export const startStaffPage = (Page: ComponentType, title?: () => string): Promise<void> =>
  startPage(Page, title, loadStaffStrings)
