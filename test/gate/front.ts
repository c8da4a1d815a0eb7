import { createServer, request } from 'node:http'
import { connect } from 'node:net'
import { listen } from '../helpers/listen.js'
import type { Teardown } from '../helpers/teardown.js'

/** What nginx does in front of a site and its gate: sockets to the one, the rest to the other, on one port. */
export async function startFront(
  t: Teardown,
  { site, gate }: { site: number; gate: number },
): Promise<string> {
  const server = createServer((from, to) => {
    const { method, url, headers } = from
    const passed = request({ port: site, host: '127.0.0.1', method, path: url, headers }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(to)
    })
    passed.on('error', () => to.writeHead(502).end())
    from.pipe(passed)
  })
  server.on('upgrade', ({ method, url, rawHeaders }, client, head) => {
    const target = connect({ port: gate, host: '127.0.0.1' })
    const lines = [`${method} ${url} HTTP/1.1`]
    for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
    target.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    target.write(head)
    for (const [a, b] of [
      [client, target],
      [target, client],
    ] as const)
      a.on('error', () => b.destroy()).once('close', () => b.destroy())
    client.pipe(target).pipe(client)
  })
  const port = await listen(server)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${port}`
}
