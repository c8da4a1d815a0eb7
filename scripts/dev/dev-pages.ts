import { randomBytes } from 'node:crypto'
import { realpathSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import prefresh from '@prefresh/vite'
import { createServer } from 'vite'
import type { Config } from '../../src/config/config.js'
import { inRoot } from '../lib/paths.mjs'

/** Vite serves everything below this path, the service all other paths. */
const BASE = '/vite/'
const SOCKET_PROTOCOLS = ['vite-hmr', 'vite-ping']

/** The pages from their sources, with hot module replacement. */
export interface DevPages {
  /** Whether Vite handles the request; with `isUpgrade`, its WebSocket for hot replacement. */
  owns(request: IncomingMessage, isUpgrade: boolean): boolean
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Changes the HTML of a page, as the service sends it, to load the sources. */
  transform(html: string, url: string): Promise<string>
  /** Adds to a page's Content-Security-Policy the nonce of the styles that Vite injects. */
  allowStyles(policy: string): string
  /** Watches more paths; calls `onChange` for each file or folder that changes. */
  watch(paths: readonly string[], onChange: (path: string) => void): void
  reload(): void
  close(): Promise<void>
}

/** Starts Vite for web/, with its WebSocket on the proxy's server. */
export async function openPages(server: Server, { allowedHosts }: Config): Promise<DevPages> {
  const nonce = randomBytes(16).toString('base64')
  const vite = await createServer({
    configFile: inRoot('web/vite.config.ts'),
    base: BASE,
    appType: 'custom',
    logLevel: 'warn',
    cacheDir: inRoot('.data/vite'),
    html: { cspNonce: nonce },
    plugins: [await prefresh()],
    server: {
      middlewareMode: true,
      hmr: { server },
      allowedHosts: allowedHosts.includes('*') ? true : [...allowedHosts],
      cors: false,
      // not the whole project: .data/ contains secrets
      fs: { allow: [inRoot('web'), inRoot('src'), realpathSync(inRoot('node_modules'))] },
    },
  })
  return {
    owns({ url = '', headers }, isUpgrade) {
      if (!url.startsWith(BASE)) return false
      return !isUpgrade || SOCKET_PROTOCOLS.includes(headers['sec-websocket-protocol'] ?? '')
    },
    handle(request, response) {
      vite.middlewares(request, response, () => {
        response.writeHead(404).end()
      })
    },
    transform: (html, url) => vite.transformIndexHtml('/index.html', html, url),
    allowStyles: (policy) => `${policy};style-src 'self' 'nonce-${nonce}'`,
    watch(paths, onChange) {
      vite.watcher.add([...paths])
      vite.watcher.on('all', (_event, path) => onChange(path))
    },
    reload: () => vite.ws.send({ type: 'full-reload' }),
    close: () => vite.close(),
  }
}
