import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'
import { PACKAGE_LISTS, packageList } from '../scripts/lib/package-list.mjs'
import { strings as en } from './strings/en.js'
import { strings as hi } from './strings/hi.js'
import { CUSTOMERS, installable, isShell } from './vite-worker.js'

const PAGES = [
  'login',
  'live-orders',
  'chat',
  'seat',
  'order',
  'receipt',
  'account',
  'seats',
  'checkout',
  'today',
  'manage',
  'offline',
]
/** No hash: every node has it, of whatever build. */
const BOOT_FILE = 'assets/boot.js'
const SMALLEST_WORTH_COMPRESSING = 512

/** `lib/preload.ts` and what it imports */
const IS_PRELOAD =
  /web\/lib\/(?:preload|preferred-theatre|signed-in|storage)\.ts$|src\/protocol\/subprotocol\.ts$/

/** What only the staff's pages share */
const IS_STAFF =
  /web\/(?:staff\/|strings\/staff\/strings\.|live\/orders-state|ui\/(?:session-expiry|form-dialog|choice\.)|lib\/(?:sound|touch\.|wake-lock|amount|theatre-changes))/

/** What the staff's pages and the order page share, and the menu does not need */
const IS_LIVE =
  /web\/(?:live\/(?!money-state|order-facts)|chat\/|ui\/(?:link|session-gate)|lib\/(?:push|notify)\.)|src\/protocol\/(?:close-codes|groups)\.ts$/

/** What managers' pages share. It imports from the chunks below, which must not import from each other in a circle. */
const IS_MANAGERS = /web\/(?:manage\/|lib\/manager-api)/

/** Everything else that pages share; the QR encoder belongs to one page. */
const IS_OWN_CODE = /\.tsx?$|preact|preload-helper/

/** Not among the pages, which anybody can read. */
const besidePages = (dir: string): string => join(dir, '..', PACKAGE_LISTS.pages)

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Compresses once, at build time, what every phone on a weak network will load: `x.js` gets `x.js.br` and `x.js.gz`. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    // After the files are written: in generateBundle Vite still rewrites chunks with dynamic imports.
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

/** Puts the preload script first in every shell, so that its requests start while the rest still loads. */
function loadPreloadFirst(): Plugin {
  return {
    name: 'load-preload-first',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { path, bundle = {} }) {
        if (isShell(path)) return []
        const preload = Object.values(bundle).find((file) => file.type === 'chunk' && file.name === 'preload')
        if (!preload) throw new Error('No chunk is named "preload".')
        const attrs = { type: 'module', async: true, crossorigin: true, src: `/${preload.fileName}` }
        return [{ tag: 'script', attrs, injectTo: 'head' }]
      },
    },
  }
}

/**
 * Names the files of the languages in every shell, so that lib/preload.ts can ask for the one that the page needs
 * before its scripts have loaded.
 */
function nameLanguages(): Plugin {
  return {
    name: 'name-languages',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { path, bundle = {} }) {
        if (isShell(path)) return []
        return Object.values(bundle).flatMap((file) => {
          const [, staff, language = ''] =
            (file.type === 'chunk' && /strings\/(staff\/)?(\w+)\.ts$/.exec(file.facadeModuleId ?? '')) || []
          if (!language || (staff && CUSTOMERS.test(path))) return []
          const attrs = { rel: 'strings', hreflang: language, crossorigin: true, href: `/${file.fileName}` }
          return [{ tag: 'link', attrs, injectTo: 'head' as const }]
        })
      },
    },
  }
}

/**
 * Asks for the largest files first: browsers open six connections to a host without HTTP/2, and what is asked for seventh
 * waits for one of them and a round trip.
 */
function askForLargestFirst(): Plugin {
  return {
    name: 'ask-for-largest-first',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const sizeOf = (link: string): number => {
          const file = bundle[/href="\/([^"]+)"/.exec(link)?.[1] ?? '']
          return file?.type === 'chunk' ? file.code.length : 0
        }
        const preloads = html.match(/ *<link rel="modulepreload"[^>]*>\n/g) ?? []
        const sorted = preloads.toSorted((a, b) => sizeOf(b) - sizeOf(a)).join('')
        const others = preloads.reduce((text, link) => text.replace(link, ''), html)
        return others.replace(/ *<script type="module"/, (entry) => `${sorted}${entry}`)
      },
    },
  }
}

/** Shown when the page does not come up in time; without styles and scripts, at once. */
const BOOT_NOTE = `<div id="boot">${Object.entries({ en, hi })
  .map(
    ([
      language,
      {
        boot: { title, text },
        common,
      },
    ]) =>
      `<main class="page-message" lang="${language}"><h1>${title}</h1><p role="status">${text}</p><a class="button" href="">${common.tryAgain}</a></main>`,
  )
  .join('')}</div>`

/** Where boot.js itself is lost the page is loaded again after that many seconds. boot.js makes the element inert. */
const RELOAD_SECONDS = 20

/** Puts boot/boot.ts into every shell, with the words for a page that does not come up. */
function boot(): Plugin {
  return {
    name: 'boot',
    buildStart() {
      if (this.environment.mode === 'build')
        this.emitFile({ type: 'chunk', id: here('boot/boot.ts'), fileName: BOOT_FILE })
    },
    transformIndexHtml: {
      order: 'post',
      handler(html, { path, server }) {
        if (isShell(path)) return html
        const src = server ? `${server.config.base}boot/boot.ts` : `/${BOOT_FILE}`
        const refresh = `<meta http-equiv="refresh" content="${RELOAD_SECONDS}"></template>`
        return html
          .replace('<meta charset="utf-8">', `$&\n    <script src="${src}"></script>${refresh}`)
          .replace('<div id="app"></div>', `$&\n    ${BOOT_NOTE}`)
      },
    },
  }
}

export default defineConfig({
  root: here('.'),
  base: '/',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [
    askForLargestFirst(),
    loadPreloadFirst(),
    nameLanguages(),
    boot(),
    precompress(),
    installable(),
    packageList(besidePages),
  ],
  build: {
    target: 'es2022',
    assetsDir: 'assets',
    // The content security policy allows no data: URLs, so nothing is inlined, however small.
    assetsInlineLimit: 0,
    // Nearly every browser that runs es2022 modules supports modulepreload; the others only load a little later.
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: Object.fromEntries(PAGES.map((page) => [page, here(`${page}.html`)])),
      output: {
        // Few shared files: a browser opens six connections, and further files would wait for a round trip.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: 'preload', test: IS_PRELOAD, priority: 3 },
            { name: 'managers', test: IS_MANAGERS, minShareCount: 2, priority: 2 },
            { name: 'staff', test: IS_STAFF, minShareCount: 2, priority: 3 },
            { name: 'live', test: IS_LIVE, minShareCount: 2, priority: 2 },
            { name: 'start', test: IS_OWN_CODE, minShareCount: 2, priority: 1 },
          ],
        },
      },
    },
  },
})
