import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { strings as en } from '../../web/strings/en.js'
import { strings as hi } from '../../web/strings/hi.js'
import { strings as staffEn } from '../../web/strings/staff/en.js'
import { strings as staffHi } from '../../web/strings/staff/hi.js'

// Refusals are shown in the page's language: the service's own message is English.

/** Codes for which a page has words of its own, or that only a command meets. */
const OWN_WORDS = new Set(['token_taken', 'nothing_to_refund', 'refund_refused', 'price_changed'])
/** What no call of a page is answered with. */
const OTHERS = new Set(['cross_origin', 'origin_not_allowed', 'upstream_refused'])

const english = { ...en.errors.byCode, ...staffEn.refusals }
const hindi = { ...hi.errors.byCode, ...staffHi.refusals }

/** The codes with which calls are refused, but for those of malformed requests, which pages don't send. */
function refusalCodes(): string[] {
  const codes = new Set<string>()
  for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8')
    for (const [, code = ''] of text.matchAll(/(?:conflict\(|DomainError\(\s*4(?!00|26|29)\d\d,)\s*'(\w+)'/g))
      codes.add(code)
  }
  return [...codes].filter((code) => !OWN_WORDS.has(code) && !OTHERS.has(code)).sort()
}

t.test('each refusal of an action has words in English and in Hindi', async (t) => {
  const codes = [...refusalCodes(), 'order_too_large']
  t.ok(codes.length > 15, `${codes.length} codes`)
  for (const code of codes) {
    t.type(english[code], 'string', `${code} in English`)
    t.match(hindi[code], /[ऀ-ॿ]/, `${code} in Hindi`)
  }
})

t.test('both languages have words for the same codes', async (t) => {
  for (const [theirs, ours] of [
    [hi.errors.byCode, en.errors.byCode],
    [staffHi.refusals, staffEn.refusals],
  ] as const)
    t.same(Object.keys(theirs).sort(), Object.keys(ours).sort())
})
