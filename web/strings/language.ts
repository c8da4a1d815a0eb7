import { createFormats, type Formats } from '../lib/format.js'
import { en, type Strings } from './en.js'

// A second language is one more file in strings/ that exports `strings`; nothing else changes. English is built
// in, so that no page waits for a second file; the others load when the browser asks for them.
const others = import.meta.glob<{ strings: Strings }>(['./*.ts', '!./en.ts', '!./language.ts'])

const base = (tag: string): string => tag.split('-')[0]?.toLowerCase() ?? ''

/** The page's strings and formats. Set once by `chooseLanguage`, before anything is shown. */
export let s: Strings = en
export let f: Formats = createFormats('en-IN')

/** Takes the first of the browser's languages that there are strings for. */
export async function chooseLanguage(): Promise<void> {
  for (const tag of navigator.languages) {
    const load = others[`./${base(tag)}.ts`]
    if (base(tag) !== 'en' && !load) continue
    if (load) s = (await load()).strings
    f = createFormats(tag)
    document.documentElement.lang = tag
    return
  }
}
