/** The result of looking for a cookie by name. */
export type FoundCookie =
  | { kind: 'none' }
  /** present, but without a valid signature */
  | { kind: 'invalid' }
  /** `signed` is the value as sent, percent-decoded */
  | { kind: 'token'; token: string; signed: string }

export type Unsign = (value: string) => { valid: boolean; value: string | null }

/** Longer than any cookie we set; a longer value is invalid without an HMAC. */
const MAX_VALUE = 512

/**
 * Reads a signed cookie (RFC 6265, 5.4). Two cookies of the name count as none: an attacker who can set the second, on
 * a sibling subdomain for instance, also decides which one the browser sends first.
 */
export function readSignedCookie(header: string | undefined, name: string, unsign: Unsign): FoundCookie {
  const raw = readOnlyCookie(header, name)
  if (raw === null) return { kind: 'none' }
  const signed = decode(raw)
  if (signed === null) return { kind: 'invalid' }
  const { valid, value } = unsign(signed)
  return valid && value ? { kind: 'token', token: value, signed } : { kind: 'invalid' }
}

/** The value of the only cookie of this name, as sent; null when there is none or more than one. */
export function readOnlyCookie(header: string | undefined, name: string): string | null {
  const values: string[] = []
  for (const pair of header?.split(';') ?? []) {
    const end = pair.indexOf('=')
    if (end !== -1 && trimSpacesAndTabs(pair.slice(0, end)) === name)
      values.push(trimSpacesAndTabs(pair.slice(end + 1)))
  }
  return values.length === 1 ? (values[0] ?? null) : null
}

/** Removes spaces and tabs (RFC 6265, 5.2): `trim` also removes a no-break space, which is part of a name. */
function trimSpacesAndTabs(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpaceOrTab(text[start])) start++
  while (end > start && isSpaceOrTab(text[end - 1])) end--
  return text.slice(start, end)
}

const isSpaceOrTab = (char: string | undefined) => char === ' ' || char === '\t'

function decode(raw: string): string | null {
  if (raw.length > MAX_VALUE) return null
  try {
    return decodeURIComponent(raw)
  } catch {
    return null
  }
}
