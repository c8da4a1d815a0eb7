import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify'
import { acceptsGzip, gzipped } from '../../src/http/content-encoding.js'
import { PAGES } from '../../src/protocol/pages.js'
import { languageFiles, preloadLinks } from './preload-links.js'

const MANIFEST = 'application/manifest+json; charset=utf-8'
const SEAT = /^[\w-]{1,64}$/
/** What makes the pages an app. Asked for anew each time: the worker's file is how a worker is replaced. */
const APP_FILES = [
  { path: '/sw.js', file: 'sw.js', type: 'text/javascript; charset=utf-8' },
  { path: '/manifest.webmanifest', file: 'manifest.webmanifest', type: MANIFEST },
  { path: '/offline', file: 'offline.html', type: 'text/html; charset=utf-8' },
]

/**
 * What only a document is governed by, or nothing of today. The heads of eight files are 40 ms on slow 3G. An SVG that is
 * opened by itself is a document without scripts and forms.
 */
const DOCUMENTS_ONLY = [
  'cross-origin-opener-policy',
  'origin-agent-cluster',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
]

/** The built pages: shells that are asked for anew each time, and assets whose names change with their content. */
export const pageRoutes: FastifyPluginAsync<{ directory: string }> = async (app, { directory }) => {
  for (const [path, page] of Object.entries(PAGES)) {
    const html = await readFile(join(directory, `${page}.html`), 'utf8')
    const gzip = await gzipped(html)
    const files = languageFiles(html)
    app.get<{ Params: Record<string, string> }>(path, async (request, reply) => {
      reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache')
      reply.header('vary', 'accept-encoding, accept-language')
      const acceptLanguage = request.headers['accept-language']
      const links = preloadLinks({ page, params: request.params, files, acceptLanguage })
      if (links !== null) reply.header('link', links)
      if (page === 'checkout' && app.payments.name === 'razorpay') await allowRazorpay(reply)
      if (gzip === null || !acceptsGzip(request.headers['accept-encoding'])) return reply.send(html)
      return reply.header('content-encoding', 'gzip').send(gzip)
    })
  }
  for (const { path, file, type } of APP_FILES) {
    if (!existsSync(join(directory, file))) continue
    const body = await readFile(join(directory, file), 'utf8')
    app.get(path, async (_request, reply) => reply.type(type).header('cache-control', 'no-cache').send(body))
  }
  await serveCustomersApp(app, directory)
  app.get('/', async (_request, reply) => reply.redirect('/login'))
  // A file that is not here is answered like any other unknown path, `no-store`: another node may have it, or this one
  // after its own deploy.
  const assets = join(directory, 'assets')
  // not there when the pages are served from their sources (npm run dev)
  if (!existsSync(assets)) return
  await app.register(fastifyStatic, {
    root: assets,
    prefix: '/assets/',
    index: false,
    preCompressed: true,
    cacheControl: false,
    acceptRanges: false,
    lastModified: false,
    setHeaders: (reply, path) => {
      for (const name of DOCUMENTS_ONLY) reply.removeHeader(name).raw.removeHeader(name)
      // a compressed one has a further ending
      const isHashed = !basename(path).startsWith('boot.js')
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
}

/** The app that a customer installs starts at the seat that its page names (`?seat=`). */
async function serveCustomersApp(app: FastifyInstance, directory: string): Promise<void> {
  const file = join(directory, 'order.webmanifest')
  if (!existsSync(file)) return
  const manifest = JSON.parse(await readFile(file, 'utf8')) as object
  app.get<{ Querystring: { seat?: unknown } }>('/order.webmanifest', async ({ query: { seat } }, reply) => {
    const isSeat = typeof seat === 'string' && SEAT.test(seat)
    const own = isSeat ? { ...manifest, start_url: `/s/${seat}` } : manifest
    return reply.type(MANIFEST).header('cache-control', 'no-cache').send(JSON.stringify(own))
  })
}

/** The one page that loads what is not ours: the provider's form, in the provider's frame. */
async function allowRazorpay(reply: FastifyReply): Promise<void> {
  const own = ["'self'"]
  const theirs = ['https://checkout.razorpay.com', 'https://api.razorpay.com']
  await reply.helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': own,
        'script-src': [...own, 'https://checkout.razorpay.com'],
        'frame-src': theirs,
        'connect-src': [...own, ...theirs, 'https://lumberjack.razorpay.com'],
        'img-src': [...own, 'https://cdn.razorpay.com'],
        'base-uri': ["'none'"],
        'form-action': [...own, ...theirs],
        'frame-ancestors': ["'none'"],
        'object-src': ["'none'"],
        'worker-src': own,
        'manifest-src': own,
      },
    },
  })
}
