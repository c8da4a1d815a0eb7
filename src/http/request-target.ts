/** The path of a request target, without the query; null unless the target is in origin-form (RFC 9112, 3.2). */
export function originFormPath(target: string | undefined): string | null {
  if (!target?.startsWith('/')) return null
  const end = target.search(/[?#]/)
  return end === -1 ? target : target.slice(0, end)
}

const PROBES = new Set(['/healthz', '/readyz', '/metrics'])

/** Is it a probe of a load balancer, which may use any host? */
export function isProbe(path: string | null): boolean {
  return path !== null && PROBES.has(path.replace(/\/$/, ''))
}

/** Counts a header in the raw headers: in `headers` Node has joined or dropped repeated ones. */
export function countHeader(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === name) count++
  return count
}

/** Parses an id from 1 to 2147483647 in its only spelling; null for `01`, `1e3`, `0x10`, `%31`. */
export function readId(text: string): number | null {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) return null
  const id = Number(text)
  return id <= 2_147_483_647 ? id : null
}
