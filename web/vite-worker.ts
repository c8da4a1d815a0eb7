import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import type { Plugin } from 'vite'
import { strings as en } from './strings/en.js'
import { strings as hi } from './strings/hi.js'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const ICONS = ['icon-192', 'icon-512', 'maskable-192', 'maskable-512', 'apple-touch-icon', 'badge-96']
/** the pages of customers, who install what they have open: it starts where it was installed */
export const CUSTOMERS = /\/(?:seat|order|receipt|checkout)\.html$/
const STAFF_MANIFEST = 'manifest.webmanifest'
const CUSTOMER_MANIFEST = 'order.webmanifest'
const SHELL = 'offline.html'
/** without a hash, so the worker does not keep it */
const BOOT = 'boot.js'

const sha256 = (source: Buffer): string => createHash('sha256').update(source).digest('base64')

/** The path of an icon among built assets, which its hash names. */
function iconIn(assets: readonly string[], name: string): string {
  const found = assets.find((each) => each.startsWith(`${name}-`) && each.endsWith('.png'))
  if (!found) throw new Error(`No asset is the icon "${name}".`)
  return `/assets/${found.replace(/^assets\//, '')}`
}

function manifest(assets: readonly string[], own: object): string {
  const icon = (name: string, size: number, purpose: string) => ({
    src: iconIn(assets, name),
    sizes: `${size}x${size}`,
    type: 'image/png',
    purpose,
  })
  return JSON.stringify({
    ...own,
    scope: '/',
    display: 'standalone',
    background_color: '#15100e',
    theme_color: '#15100e',
    icons: [192, 512].flatMap((size) => [
      icon(`icon-${size}`, size, 'any'),
      icon(`maskable-${size}`, size, 'maskable'),
    ]),
  })
}

/** The shell that is shown without a network, which has words of its own and no boot script. */
export const isShell = (path: string): boolean => path.endsWith(SHELL)

const SHELL_WORDS = Object.entries({ en, hi })
  .map(
    ([language, { offline, common }]) =>
      `<main class="page-message" lang="${language}"><h1>${offline.title}</h1><p role="status">${offline.text}</p><a class="button" href="">${common.tryAgain}</a></main>`,
  )
  .join('')

/** Bundles one script of worker/ into a file of its own: it shares no chunk with the pages. */
async function bundle(entry: string, file: string, define: Record<string, unknown>): Promise<void> {
  const values = Object.entries(define).map(([name, value]) => [name, JSON.stringify(value)])
  const bundled = await rolldown({ input: here(entry), transform: { define: Object.fromEntries(values) } })
  await bundled.write({ file, format: 'iife', minify: true })
}

/** What makes the pages an app: icons, manifests, and the service worker, which knows the hashes of all assets. */
export function installable(): Plugin {
  return {
    name: 'installable',
    apply: 'build',
    async buildStart() {
      for (const name of ICONS) {
        const source = await readFile(here(`icons/${name}.png`))
        this.emitFile({ type: 'asset', name: `${name}.png`, source })
      }
    },
    transformIndexHtml: {
      order: 'post',
      handler(html, { path, bundle: files = {} }) {
        if (isShell(path)) return html.replace('<body data-page="offline">', `$&\n    ${SHELL_WORDS}`)
        const href = `/${CUSTOMERS.test(path) ? CUSTOMER_MANIFEST : STAFF_MANIFEST}`
        const touchIcon = iconIn(
          Object.keys(files).map((each) => each.replace(/^assets\//, '')),
          'apple-touch-icon',
        )
        return [
          { tag: 'link', attrs: { rel: 'manifest', href }, injectTo: 'head' },
          { tag: 'link', attrs: { rel: 'apple-touch-icon', href: touchIcon }, injectTo: 'head' },
        ]
      },
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      async handler({ dir = '' }) {
        const names = (await readdir(join(dir, 'assets'))).sort()
        const own = { id: '/', name: 'houselights', short_name: 'houselights' }
        const staff = { ...own, start_url: '/theatre/live-orders/' }
        await writeFile(join(dir, STAFF_MANIFEST), manifest(names, staff))
        await writeFile(join(dir, CUSTOMER_MANIFEST), manifest(names, { ...own, id: '/s/', start_url: '/' }))
        await writeWorkers(dir, names)
      },
    },
  }
}

async function writeWorkers(dir: string, names: readonly string[]): Promise<void> {
  const hashOf = async (file: string): Promise<string> => sha256(await readFile(join(dir, file)))
  const assets: Record<string, string> = {}
  for (const name of names) {
    if (name !== BOOT && !/\.(?:br|gz|map)$/.test(name))
      assets[`/assets/${name}`] = await hashOf(`assets/${name}`)
  }
  const html = await readFile(join(dir, SHELL), 'utf8')
  const parts = Object.entries(assets).filter(([path]) => html.includes(path) || path.endsWith('.woff2'))
  const shell = { '/offline': await hashOf(SHELL), ...Object.fromEntries(parts) }
  await bundle('worker/worker.ts', join(dir, 'sw.js'), {
    BUILD: sha256(Buffer.from(JSON.stringify([assets, shell]))).slice(0, 12),
    ASSETS: assets,
    SHELL: shell,
    ICONS: { icon: iconIn(names, 'icon-192'), badge: iconIn(names, 'badge-96') },
    TEXTS: { en: en.push, hi: hi.push },
  })
  await bundle('worker/off.ts', join(dir, 'sw-off.js'), {})
}
