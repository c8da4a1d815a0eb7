// @ts-check
// What the bundle of the server and the bundle of the tests share.
import { sep } from 'node:path'
import { pathToFileURL } from 'node:url'

export const PACKAGES = `${sep}node_modules${sep}`

/** pg asks whether it runs at Cloudflare, by which Node 20 loads its whole fetch. */
export const DEFINES = { 'navigator.userAgent': JSON.stringify('Node.js'), navigator: '{}' }

/**
 * Prisma's query compiler as a file beside the code: as the text of a module it would stay in memory three times.
 *
 * @param {{ clients: 'one' | 'many' }} options how many database clients a process creates: each compiles it
 * @returns {import('rolldown').Plugin}
 */
export const compilerFile = ({ clients }) => ({
  name: 'compiler-file',
  async load(id) {
    if (!/query_compiler_\w+\.postgresql\.wasm-base64\.m?js$/.test(id)) return null
    const { wasm } = await import(pathToFileURL(id).href)
    const fileName = 'src/query-compiler.wasm'
    this.emitFile({ type: 'asset', fileName, source: Buffer.from(wasm, 'base64') })
    const read = `import { readFileSync } from 'node:fs'
      export let wasm = readFileSync(new URL('./query-compiler.wasm', import.meta.url))`
    if (clients === 'many') return read
    return `${read}
      // it is compiled once, right after it was read, and WebAssembly has a copy of its own
      setImmediate(() => { wasm = undefined })`
  },
})

/**
 * Source maps of our own files alone, without their text: Node reads the maps at the start.
 *
 * @type {import('rolldown').Plugin}
 */
export const ownMaps = {
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
export const eagerModules = {
  name: 'eager-modules',
  renderChunk: (code) => ({
    code: code.replace(/__commonJSMin\(\(\(([\w$, ]*)\) => \{/g, '__commonJSMin((function($1) {'),
  }),
}
