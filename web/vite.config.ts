import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const PAGES = ['login', 'live-orders', 'chat', 'seat', 'order', 'account', 'seats', 'checkout']
const SMALLEST_WORTH_COMPRESSING = 512

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

export default defineConfig({
  root: here('.'),
  base: '/',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [precompress()],
  build: {
    target: 'es2022',
    assetsDir: 'assets',
    // The content security policy allows no data: URLs, so nothing is inlined, however small.
    assetsInlineLimit: 0,
    // Every browser that runs es2022 modules knows modulepreload but for a few that merely load a little later.
    modulePreload: { polyfill: false },
    rollupOptions: { input: Object.fromEntries(PAGES.map((page) => [page, here(`${page}.html`)])) },
  },
})
