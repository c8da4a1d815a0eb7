import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const PAGES = ['login', 'live-orders', 'chat', 'seat', 'order', 'account', 'seats', 'checkout']

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export default defineConfig({
  root: here('.'),
  base: '/',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
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
