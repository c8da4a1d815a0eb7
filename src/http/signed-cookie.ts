/** What a Cookie header holds under one name. */
export type FoundCookie =
  | { kind: 'none' }
  /** there, but not signed by us */
  | { kind: 'invalid' }
  /** `signed` is the value as it came, percent-decoded */
  | { kind: 'token'; token: string; signed: string }

export type Unsign = (value: string) => { valid: boolean; value: string | null }

/** Longer than any cookie of ours; a longer one is not worth an HMAC. */
const MAX_VALUE = 512

/**
 * Reads one signed cookie (RFC 6265, 5.4). Two of its name are none: which one a browser puts first is in the hands
 * of whoever could set the second, a sibling subdomain for instance.
 */
export function readSignedCookie(header: string | undefined, name: string, unsign: Unsign): FoundCookie {
  const values: string[] = []
  for (const pair of header?.split(';') ?? []) {
    const end = pair.indexOf('=')
    if (end !== -1 && pair.slice(0, end).trim() === name) values.push(pair.slice(end + 1).trim())
  }
  const [raw] = values
  if (raw === undefined || values.length > 1) return { kind: 'none' }
  const signed = decode(raw)
  if (signed === null) return { kind: 'invalid' }
  const { valid, value } = unsign(signed)
  return valid && value ? { kind: 'token', token: value, signed } : { kind: 'invalid' }
}

function decode(raw: string): string | null {
  if (raw.length > MAX_VALUE) return null
  try {
    return decodeURIComponent(raw)
  } catch {
    return null
  }
}
