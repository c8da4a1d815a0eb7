import { createFormats, type Formats } from '../lib/format.js'
import { en, type Strings } from './en.js'

// A language is one file in strings/ that exports `strings`; nothing else changes. English is bundled, so no page
// waits for a second file; the others load on demand.
const translations = import.meta.glob<{ strings: Strings }>(['./*.ts', '!./en.ts', '!./language.ts'])

const base = (tag: string): string => tag.split('-')[0]?.toLowerCase() ?? ''

/** The page's strings and formats, set once by `chooseLanguage` before the first render. */
export let s: Strings = en
export let f: Formats = createFormats('en-IN')

/** Picks the first of the browser's languages that has strings. */
export async function chooseLanguage(): Promise<void> {
  for (const tag of navigator.languages) {
    const load = translations[`./${base(tag)}.ts`]
    if (base(tag) !== 'en' && !load) continue
    if (load) s = (await load()).strings
    f = createFormats(tag)
    document.documentElement.lang = tag
    return
  }
}
