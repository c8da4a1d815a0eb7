import { isString, recall } from '../lib/storage.js'
import type { Strings } from '../strings/en.js'
import { setLanguage } from '../strings/language.js'

// A language is one file in strings/ that exports `strings`; nothing else changes. Each loads on demand, so nobody loads
// two; lib/preload.ts asks for it before this script runs.
const translations = import.meta.glob<{ strings: Strings }>(['../strings/*.ts', '!../strings/language.ts'])

const FALLBACK = 'en-IN'
/** ms for boot.js to get a file that is lost, and to reload the page */
const RECOVERY_MS = 3000

const nameOf = (path: string): string => path.slice('../strings/'.length, -'.ts'.length)
const base = (tag: string): string => tag.split('-')[0]?.toLowerCase() ?? ''

/** The languages that have strings, as tags such as `hi`. */
export const LANGUAGES: readonly string[] = Object.keys(translations).map(nameOf).sort()

/** Loads further texts in a language, and resolves with what puts them in place. */
export type LoadMore = (language: string) => Promise<() => void>

/** The user's choice, then the browser's languages. */
function wanted(): readonly string[] {
  const kept = recall('language', isString)
  if (kept === null || !LANGUAGES.includes(kept)) return navigator.languages
  return [navigator.languages.find((tag) => base(tag) === kept) ?? `${kept}-IN`, ...navigator.languages]
}

/** All texts of a language are put in place together, or none: a page never mixes two. */
async function load(tag: string, loadMore: LoadMore | undefined): Promise<void> {
  const [texts, putMore] = await Promise.all([
    translations[`../strings/${base(tag)}.ts`]?.(),
    loadMore?.(base(tag)),
  ])
  if (!texts) throw new Error(`No strings in "${tag}".`)
  putMore?.()
  setLanguage(texts.strings, tag)
  document.documentElement.lang = tag
}

/**
 * Picks the language that the user has chosen, or the first of the browser's that has strings, or English. `loadMore` is
 * called with it meanwhile. A language with a lost file is replaced by English.
 *
 * @throws when English is lost as well
 */
export async function chooseLanguage(loadMore?: LoadMore): Promise<void> {
  const tag = wanted().find((each) => LANGUAGES.includes(base(each))) ?? FALLBACK
  try {
    await load(tag, loadMore)
  } catch {
    await new Promise((resolve) => setTimeout(resolve, RECOVERY_MS))
    await load(FALLBACK, loadMore)
  }
}
