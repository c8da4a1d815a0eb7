// @ts-check
import { readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineConfig } from 'rolldown'
import { OUTSIDE_THE_BUNDLE } from './outside.mjs'
import { PACKAGE_LISTS, packageList } from './package-list.mjs'
import { inRoot, root } from './paths.mjs'

const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
const PACKAGES = `${sep}node_modules${sep}`

/**
 * All chunks are in src/ of the build: what a file finds relative to itself is moved along.
 *
 * @type {import('rolldown').Plugin}
 */
const ownUrls = {
  name: 'own-urls',
  transform(code, id) {
    if (id.includes(PACKAGES) || !id.startsWith(inRoot('src')) || !code.includes('import.meta.url'))
      return null
    const path = relative(inRoot('src'), id).replaceAll(sep, '/')
    if (!path.includes('/')) return null
    // on the same line, so that the source map needs no change of lines
    return { code: code.replaceAll('import.meta.url', `new URL('./${path}', import.meta.url)`), map: null }
  },
}

/**
 * Prisma's query compiler as a file beside the code: as the text of a module it would stay in memory three times.
 *
 * @type {import('rolldown').Plugin}
 */
const compilerFile = {
  name: 'compiler-file',
  async load(id) {
    if (!/query_compiler_\w+\.postgresql\.wasm-base64\.m?js$/.test(id)) return null
    const { wasm } = await import(pathToFileURL(id).href)
    const fileName = 'src/query-compiler.wasm'
    this.emitFile({ type: 'asset', fileName, source: Buffer.from(wasm, 'base64') })
    return `import { readFileSync } from 'node:fs'
      export let wasm = readFileSync(new URL('./query-compiler.wasm', import.meta.url))
      // it is compiled once, right after it was read, and WebAssembly has a copy of its own
      setImmediate(() => { wasm = undefined })`
  },
}

/**
 * Source maps of our own files alone, without their text: Node reads the maps at the start.
 *
 * @type {import('rolldown').Plugin}
 */
const ownMaps = {
  name: 'own-maps',
  transform: (code, id) => (id.includes(PACKAGES) ? { code, map: { mappings: '' } } : null),
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type !== 'asset' || !file.fileName.endsWith('.map')) continue
      const { sourcesContent: _, ...map } = JSON.parse(String(file.source))
      file.source = JSON.stringify(map)
    }
  },
}

/**
 * V8 compiles a `function` in parentheses at once, but only scans an arrow function, and then compiles it when it is called:
 * the modules of CommonJS packages, all of which are called at the start, are arrow functions.
 *
 * @type {import('rolldown').Plugin}
 */
const eagerModules = {
  name: 'eager-modules',
  renderChunk: (code) => ({
    code: code.replace(/__commonJSMin\(\(\(([\w$, ]*)\) => \{/g, '__commonJSMin((function($1) {'),
  }),
}

/**
 * Characters beyond Latin-1 as escapes: a single one makes V8 keep the whole text of a chunk in two bytes per character.
 *
 * @type {import('rolldown').Plugin}
 */
const latin1 = {
  name: 'latin1',
  renderChunk: (code) => ({
    code: code.replace(/(\\*)([^\0-\xff])/g, (_text, slashes, char) => {
      const code = char.charCodeAt(0).toString(16).padStart(4, '0')
      // one that was escaped needs no second backslash
      return `${slashes.slice(slashes.length % 2)}\\u${code}`
    }),
  }),
}

export default defineConfig({
  cwd: root,
  input: {
    server: inRoot('src/server.ts'),
    app: inRoot('src/app.ts'),
    'gate-server': inRoot('src/gate-server.ts'),
    'config/config': inRoot('src/config/config.ts'),
    'commands/main': inRoot('src/commands/main.ts'),
  },
  platform: 'node',
  // pg asks whether it runs at Cloudflare, by which Node 20 loads its whole fetch
  transform: {
    define: {
      'navigator.userAgent': JSON.stringify('Node.js'),
      navigator: '{}',
      __HOUSELIGHTS_VERSION__: JSON.stringify(version),
    },
  },
  // pg-native is optional, and nobody installs it
  external: [...OUTSIDE_THE_BUNDLE, 'pg-native'],
  plugins: [
    ownUrls,
    compilerFile,
    ownMaps,
    eagerModules,
    latin1,
    packageList((dir) => join(dir, PACKAGE_LISTS.server)),
  ],
  output: {
    format: 'esm',
    sourcemap: true,
    entryFileNames: 'src/[name].js',
    chunkFileNames: 'src/[name]-[hash].js',
    minify: false,
  },
})
