import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const PAGES = ['login', 'live-orders', 'chat', 'seat', 'order', 'account', 'seats', 'checkout']
const SMALLEST_WORTH_COMPRESSING = 512

/** `lib/early.ts` and what it needs */
const IS_EARLY = /web\/lib\/(?:early|preferred-theatre|signed-in|storage|decode)\.ts$|live\/protocol\.ts$/

/** What the staff's pages and an order's share, and a menu or a login does without */
const IS_LIVE =
  /web\/(?:live\/(?!orders-state)|chat\/|orders\/|ui\/(?:link|expiring|choice|staff))|live\/close-codes\.ts$/

/** All else that pages share; the QR codes are one page's. */
const IS_OWN_CODE = /\.tsx?$|preact|preload-helper/

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Compresses once, at build, what every phone on a weak network will load: `x.js` gets `x.js.br` and `x.js.gz`. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    // After the files are written: in generateBundle Vite still rewrites the chunks that import lazily.
    async writeBundle({ dir = '' }, bundle) {
      const names = Object.keys(bundle).filter((name) => /\.(?:js|css|svg)$/.test(name))
      for (const name of names) {
        const path = join(dir, name)
        const source = await readFile(path)
        if (source.length < SMALLEST_WORTH_COMPRESSING) continue
        await writeFile(`${path}.br`, brotliCompressSync(source))
        await writeFile(`${path}.gz`, gzipSync(source, { level: 9 }))
      }
    },
  }
}

/** What the shells name before all else: it asks while the rest is on its way. */
function nameEarlyFirst(): Plugin {
  return {
    name: 'name-early-first',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {} }) {
        const early = Object.values(bundle).find((file) => file.type === 'chunk' && file.name === 'early')
        if (!early) throw new Error('There is no chunk of the name "early".')
        const attrs = { type: 'module', async: true, crossorigin: true, src: `/${early.fileName}` }
        return [{ tag: 'script', attrs, injectTo: 'head' }]
      },
    },
  }
}

export default defineConfig({
  root: here('.'),
  base: '/',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [nameEarlyFirst(), precompress()],
  build: {
    target: 'es2022',
    assetsDir: 'assets',
    // The content security policy allows no data: URLs, so nothing is inlined, however small.
    assetsInlineLimit: 0,
    // Every browser that runs es2022 modules knows modulepreload but for a few that merely load a little later.
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: Object.fromEntries(PAGES.map((page) => [page, here(`${page}.html`)])),
      output: {
        // A browser has six connections: what pages share is two files, not nine, or the last ones wait for a round trip.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: 'early', test: IS_EARLY, priority: 3 },
            { name: 'live', test: IS_LIVE, minShareCount: 2, priority: 2 },
            { name: 'start', test: IS_OWN_CODE, minShareCount: 2, priority: 1 },
          ],
        },
      },
    },
  },
})
