import { createFormats, type Formats } from '../lib/format.js'
import { en, type Strings } from './en.js'

/** The page's strings and formats, set once before the first render. */
export let s: Strings = en
export let f: Formats = createFormats('en-IN')

/** `tag`: a language tag such as `hi-IN`, for amounts and times. */
export function setLanguage(strings: Strings, tag: string): void {
  s = strings
  f = createFormats(tag)
}
