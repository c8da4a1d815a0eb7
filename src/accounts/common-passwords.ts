import { readFileSync } from 'node:fs'

let passwords: ReadonlySet<string> | undefined

/** Is it one of the 10,000 commonest passwords, whatever its case? The list is read at the first call. */
export function isCommonPassword(password: string): boolean {
  passwords ??= readList()
  return passwords.has(password.toLowerCase())
}

function readList(): ReadonlySet<string> {
  const text = readFileSync(new URL('./common-passwords.txt', import.meta.url), 'utf8')
  // the source and its license end at the first empty line
  return new Set(text.slice(text.indexOf('\n\n') + 2).match(/.+/g))
}
