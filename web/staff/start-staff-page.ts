import type { ComponentType } from 'preact'
import type { StaffStrings } from '../strings/staff/en.js'
import { setStaffStrings } from '../strings/staff/strings.js'
import { explainStaffRefusals } from '../ui/problem.js'
import { startPage } from '../ui/start-page.js'

const translations = import.meta.glob<{ strings: StaffStrings }>([
  '../strings/staff/*.ts',
  '!../strings/staff/strings.ts',
])

async function loadStaffStrings(language: string): Promise<() => void> {
  const load = translations[`../strings/staff/${language}.ts`]
  if (!load) throw new Error(`The staff's pages have no strings in "${language}".`)
  const { strings } = await load()
  return () => {
    setStaffStrings(strings)
    explainStaffRefusals(strings.refusals)
  }
}

/** Entry point of the staff's pages, and of /account: as `startPage`, with the staff's texts. */
export const startStaffPage = (Page: ComponentType, title?: () => string): Promise<void> =>
  startPage(Page, title, loadStaffStrings)
