import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

/** Each page's shell, the same whoever asks: what it shows comes from the API. */
const PAGES: Record<string, string> = {
  '/login': 'login',
  '/theatre/live-orders/': 'live-orders',
  '/theatre/chat/': 'chat',
  '/theatre/seats/': 'seats',
  '/s/:seatToken': 'seat',
  '/orders/:id': 'order',
  '/checkout/:paymentId': 'checkout',
  '/account': 'account',
}

/** The built pages: shells that are asked for anew each time, and assets whose names change with their content. */
export const pageRoutes: FastifyPluginAsync<{ directory: string }> = async (app, { directory }) => {
  const shells = new Map<string, string>()
  for (const page of Object.values(PAGES)) {
    shells.set(page, await readFile(join(directory, `${page}.html`), 'utf8'))
  }
  for (const [path, page] of Object.entries(PAGES)) {
    app.get(path, async (_request, reply) =>
      reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(shells.get(page)),
    )
  }
  app.get('/', async (_request, reply) => reply.redirect('/login'))
  await app.register(fastifyStatic, {
    root: join(directory, 'assets'),
    prefix: '/assets/',
    index: false,
    cacheControl: false,
    setHeaders: (reply) => {
      reply.header('cache-control', 'public, max-age=31536000, immutable')
    },
  })
}
