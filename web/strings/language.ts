import { createFormats, type Formats } from '../lib/format.js'
import type { Strings } from './en.js'

/** The page's strings and formats, set once before the first render (ui/choose-language.ts). */
export let s: Strings
export let f: Formats

let language: string
let zone: string | undefined

/** `tag`: a language tag such as `hi-IN`, for amounts and times. */
export function setLanguage(strings: Strings, tag: string): void {
  s = strings
  language = tag
  f = createFormats(tag, zone)
}

/**
 * Shows times in that zone from the next render on: a theatre's times are its own on every screen, wherever the device thinks
 * that it is. undefined: the device's.
 */
export function setTimeZone(timeZone: string | undefined): void {
  if (timeZone === zone) return
  zone = timeZone
  f = createFormats(language, zone)
}
