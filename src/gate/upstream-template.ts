/** Where a route leads: all but the values of the path's parameters. */
export interface UpstreamTemplate {
  /** `ws:` or `wss:` */
  protocol: 'ws:' | 'wss:'
  host: string
  port: number
  /** Path and query, with the parameters percent-encoded. */
  target(parameters: Readonly<Record<string, string>>): string
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g
const PARAMETER = /:([A-Za-z_]\w*)/g

/**
 * Parses an upstream's URL. `${NAME}` is replaced by the variable's value, percent-encoded in the path and the query;
 * `:name` in the path by a parameter of the route. Throws an Error whose message says what is wrong, and never quotes a
 * value of the environment: it may be a key.
 */
export function parseUpstream(
  text: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): UpstreamTemplate {
  const [, scheme = '', authority = '', rest = ''] = /^(wss?):\/\/([^/?#]*)([^#]*)$/.exec(text) ?? []
  if (scheme === '') throw new Error('must be ws://… or wss://…, without a fragment')
  for (const [, name = ''] of text.matchAll(VARIABLE))
    if (!env[name]) throw new Error(`\${${name}} is not set in the environment`)
  const replacement = (_match: string, name: string) => env[name] ?? ''
  const address = `${scheme}://${authority.replace(VARIABLE, replacement)}`
  const url = URL.canParse(address) ? new URL(address) : null
  if (!url?.hostname || url.username !== '' || url.password !== '' || url.pathname !== '/')
    throw new Error('must name a host, and a port if it is not the default, as 127.0.0.1:8001')
  const encoded = rest.replace(VARIABLE, (match, name) => encodeURIComponent(replacement(match, name)))
  const end = encoded.indexOf('?')
  const path = (end === -1 ? encoded : encoded.slice(0, end)) || '/'
  const query = end === -1 ? '' : encoded.slice(end)
  for (const [, name = ''] of path.matchAll(PARAMETER))
    if (!parameters.includes(name)) throw new Error(`:${name} is no parameter of the route’s path`)
  if (!/^[\x21-\x7e]*$/.test(path + query)) throw new Error('must be percent-encoded ASCII')
  const isSecure = scheme === 'wss'
  return {
    protocol: isSecure ? 'wss:' : 'ws:',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (isSecure ? 443 : 80),
    target: (values) =>
      path.replace(PARAMETER, (_match, name) => encodeURIComponent(values[name] ?? '')) + query,
  }
}
