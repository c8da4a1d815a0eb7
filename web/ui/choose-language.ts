import { isString, recall } from '../lib/storage.js'
import { en, type Strings } from '../strings/en.js'
import { setLanguage } from '../strings/language.js'

// A language is one file in strings/ that exports `strings`; nothing else changes. English is bundled, so no page
// waits for a second file; the others load on demand.
const translations = import.meta.glob<{ strings: Strings }>([
  '../strings/*.ts',
  '!../strings/en.ts',
  '!../strings/language.ts',
])

const nameOf = (path: string): string => path.slice('../strings/'.length, -'.ts'.length)
const base = (tag: string): string => tag.split('-')[0]?.toLowerCase() ?? ''

/** The languages that have strings, as tags such as `hi`. */
export const LANGUAGES: readonly string[] = ['en', ...Object.keys(translations).map(nameOf)].sort()

/** The user's choice, then the browser's languages. */
function wanted(): readonly string[] {
  const kept = recall('language', isString)
  if (kept === null || !LANGUAGES.includes(kept)) return navigator.languages
  return [navigator.languages.find((tag) => base(tag) === kept) ?? `${kept}-IN`, ...navigator.languages]
}

/**
 * Picks the language that the user has chosen, or the first of the browser's that has strings. `loadMore` is called with it
 * meanwhile.
 */
export async function chooseLanguage(loadMore?: (language: string) => Promise<void>): Promise<void> {
  for (const tag of wanted()) {
    const load = translations[`../strings/${base(tag)}.ts`]
    if (base(tag) !== 'en' && !load) continue
    const [loaded] = await Promise.all([load?.(), loadMore?.(base(tag))])
    setLanguage(loaded?.strings ?? en, tag)
    document.documentElement.lang = tag
    return
  }
}
