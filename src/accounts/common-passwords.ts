import { readFileSync } from 'node:fs'

let passwords: ReadonlySet<string> | undefined

/** Whether this is one of the 10,000 most common passwords, ignoring case. Reads the list at the first call. */
export function isCommonPassword(password: string): boolean {
  passwords ??= readList()
  return passwords.has(password.toLowerCase())
}

function readList(): ReadonlySet<string> {
  const text = readFileSync(new URL('./common-passwords.txt', import.meta.url), 'utf8')
  // a header with source and license precedes the first empty line
  return new Set(text.slice(text.indexOf('\n\n') + 2).match(/.+/g))
}
