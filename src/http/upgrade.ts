import type { IncomingMessage } from 'node:http'

/** Whether a header `Upgrade` offers a WebSocket, beside other protocols or alone (RFC 9110, 7.8). */
export function namesWebSocket(upgrade: string | undefined): boolean {
  return /(?:^|,)[ \t]*websocket[ \t]*(?:[/,]|$)/i.test(upgrade ?? '')
}

/**
 * The head of a request that asked for an upgrade to something we don't speak (`h2c`: curl --http2, Java's
 * HttpClient), as a server reads it that ignores the wish (RFC 9110, 7.8): as the last request of its connection.
 * As Latin-1, as Node reads heads.
 */
export function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'connection') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  return `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`
}
