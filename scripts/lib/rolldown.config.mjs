// @ts-check
import { readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { defineConfig } from 'rolldown'
import { BUNDLE_EXTERNALS } from './bundle-externals.mjs'
import { compilerFile, DEFINES, eagerModules, ownMaps, PACKAGES } from './bundle-plugins.mjs'
import { PACKAGE_LISTS, packageList } from './package-list.mjs'
import { inRoot, root } from './paths.mjs'

const { version } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))

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
  transform: {
    define: {
      ...DEFINES,
      __HOUSELIGHTS_VERSION__: JSON.stringify(version),
    },
  },
  // pg-native is optional, and nobody installs it
  external: [...BUNDLE_EXTERNALS, 'pg-native'],
  plugins: [
    ownUrls,
    compilerFile({ clients: 'one' }),
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
