import { createFormats, type Formats } from '../lib/format.js'
import type { Strings } from './en.js'

/** The page's strings and formats, set once before the first render (ui/choose-language.ts). */
export let s: Strings
export let f: Formats

/** `tag`: a language tag such as `hi-IN`, for amounts and times. */
export function setLanguage(strings: Strings, tag: string): void {
  s = strings
  f = createFormats(tag)
}
