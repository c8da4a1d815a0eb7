import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { listen } from '../helpers/listen.js'
import type { Teardown } from '../helpers/teardown.js'

/** A back end that accepts every socket; returns its URL. */
export async function startUpstream(t: Teardown): Promise<string> {
  const server = createServer()
  const wss = new WebSocketServer({ server })
  wss.on('connection', (ws) => ws.on('error', () => {}))
  const port = await listen(server)
  t.teardown(() => {
    for (const ws of wss.clients) ws.terminate()
    server.close()
  })
  return `ws://127.0.0.1:${port}/`
}
