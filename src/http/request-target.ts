/** The path of a request target, without the query. Null for a target that is no origin-form (RFC 9112 section 3.2). */
export function originFormPath(target: string | undefined): string | null {
  if (!target?.startsWith('/')) return null
  const end = target.search(/[?#]/)
  return end === -1 ? target : target.slice(0, end)
}

const PROBES = new Set(['/healthz', '/readyz', '/metrics'])

/** What load balancers ask, by whatever host. */
export function isProbe(path: string | null): boolean {
  return path !== null && PROBES.has(path.replace(/\/$/, ''))
}

/** How often a header came, as sent: Node joins or drops repeated ones before anybody can count them. */
export function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === name) count++
  return count
}

/** An id in its one spelling, 1 to 2147483647, or null: `01`, `1e3`, `0x10` and `%31` are none. */
export function readId(text: string): number | null {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) return null
  const id = Number(text)
  return id <= 2_147_483_647 ? id : null
}
