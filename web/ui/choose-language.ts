import { en, type Strings } from '../strings/en.js'
import { setLanguage } from '../strings/language.js'

// A language is one file in strings/ that exports `strings`; nothing else changes. English is bundled, so no page
// waits for a second file; the others load on demand.
const translations = import.meta.glob<{ strings: Strings }>([
  '../strings/*.ts',
  '!../strings/en.ts',
  '!../strings/language.ts',
])

const base = (tag: string): string => tag.split('-')[0]?.toLowerCase() ?? ''

/** Picks the first of the browser's languages that has strings. */
export async function chooseLanguage(): Promise<void> {
  for (const tag of navigator.languages) {
    const load = translations[`../strings/${base(tag)}.ts`]
    if (base(tag) !== 'en' && !load) continue
    setLanguage(load ? (await load()).strings : en, tag)
    document.documentElement.lang = tag
    return
  }
}
