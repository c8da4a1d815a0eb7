// @ts-check
// Bundles the test files with the service and its packages, as the build does: to load thousands of modules, each through
// a loader's hooks, costs a process more CPU than most test files (docs/decisions/0034-tests-are-bundled.md).
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { extname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { BUNDLE_EXTERNALS } from './bundle-externals.mjs'
import { compilerFile, DEFINES, eagerModules, ownMaps, PACKAGES } from './bundle-plugins.mjs'
import { inRoot, root } from './paths.mjs'

const FOLDER = inRoot('.data/compiled-tests')
const HOUR_MS = 3_600_000
/** The variable that names the folder to the test processes: see test/helpers/source-program.ts. */
const VARIABLE = 'HOUSELIGHTS_COMPILED_TESTS'

/**
 * @typedef {object} CompiledTests
 * @property {(file: string) => string} pathOf the compiled file of a source, both relative to the root
 * @property {Record<string, string>} env what processes that run them need in their environment
 * @property {() => void} remove
 */

/**
 * Bundles these files, the programs that they start, and what the runner itself needs of test/helpers.
 *
 * @param {string[]} files relative to the root
 * @returns {Promise<CompiledTests>}
 */
export async function compileTests(files) {
  removeLeftovers()
  mkdirSync(FOLDER, { recursive: true })
  const folder = mkdtempSync(join(FOLDER, 'run-'))
  // some tests run their programs as another user
  chmodSync(folder, 0o755)
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    await bundle([...files, SHARED_SERVICES], folder)
  } catch (error) {
    remove()
    throw error
  }
  return {
    env: { [VARIABLE]: folder },
    pathOf: (file) => relative(root, join(folder, compiledName(file))),
    remove,
  }
}

/** What the runner starts for all files. */
export const SHARED_SERVICES = 'test/helpers/shared-services.ts'

/** @param {string} file */
const withoutExtension = (file) => file.slice(0, -extname(file).length)

/** @param {string} file */
const compiledName = (file) => `${withoutExtension(file)}.js`

/**
 * @param {string[]} files
 * @param {string} folder
 */
async function bundle(files, folder) {
  // dynamic import: this file is loaded before packages are installed
  const { rolldown } = await import('rolldown')
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(files.map((file) => [withoutExtension(file), inRoot(file)])),
    platform: 'node',
    transform: { define: DEFINES },
    plugins: [
      fileTests(files),
      sourceUrls,
      startedPrograms,
      playwright,
      argon2,
      outsidePackages(),
      compilerFile({ clients: 'many' }),
      ownMaps,
      eagerModules,
    ],
    logLevel: 'silent',
  })
  try {
    await build.write({
      dir: folder,
      format: 'esm',
      sourcemap: true,
      entryFileNames: '[name].js',
      // where compilerFile expects them
      chunkFileNames: 'src/[name]-[hash].js',
    })
  } finally {
    await build.close()
  }
}

/**
 * Tools, which most tests do not load, and what the build of the service leaves outside too.
 *
 * @returns {import('rolldown').Plugin}
 */
function outsidePackages() {
  const { devDependencies, optionalDependencies } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  const tools = Object.keys({ ...devDependencies, ...optionalDependencies })
  const names = [...tools, ...BUNDLE_EXTERNALS, 'pg-native']
  return {
    name: 'outside-packages',
    // an option `external` would take precedence over the other plugins
    resolveId: (id) =>
      names.some((name) => id === name || id.startsWith(`${name}/`)) ? { id, external: true } : null,
  }
}

/** not as a whole string, as in plugins that look for it */
const OWN_URL = /(?<!['"`])\bimport\.meta\.url\b/g

/**
 * Own modules find what is beside them where their source is.
 *
 * @type {import('rolldown').Plugin}
 */
const sourceUrls = {
  name: 'source-urls',
  transform(code, id) {
    if (id.includes(PACKAGES) || code.search(OWN_URL) === -1) return null
    // on the same line, so that the source map needs no change of lines
    return { code: code.replaceAll(OWN_URL, JSON.stringify(pathToFileURL(id).href)), map: null }
  },
}

/**
 * The programs that tests start by `nodeArguments`, each as an entry of the bundle.
 *
 * @type {import('rolldown').Plugin}
 */
const startedPrograms = {
  name: 'started-programs',
  transform(code, id) {
    if (id.includes(PACKAGES)) return null
    for (const [, file = ''] of code.matchAll(/nodeArguments\('([\w./-]+)'/g))
      this.emitFile({ type: 'chunk', id: inRoot(file), fileName: compiledName(file) })
    return null
  },
}

/**
 * A package that is loaded by `require`.
 *
 * @param {string} name
 * @param {string} exports statements that export what is used of it, as `loaded`
 * @returns {import('rolldown').Plugin}
 */
const required = (name, exports) => ({
  name: `required ${name}`,
  resolveId: (id) => (id === name ? `\0${name}` : null),
  load: (id) =>
    id === `\0${name}`
      ? `import { createRequire } from 'node:module'
        const loaded = createRequire(import.meta.url)('${name}')
        ${exports}`
      : null,
})

/** An import would search its whole text, 5 MB, for the names that it exports. */
const playwright = required('playwright-core', 'export const { chromium } = loaded')

/** Its functions are looked up at each call, as test/helpers/counted-hashes.ts replaces one of them. */
const argon2 = required(
  '@node-rs/argon2',
  `export const hash = (...given) => loaded.hash(...given)
  export const verify = (...given) => loaded.verify(...given)`,
)

/**
 * Files that `runFile` loads take their own subtest for `t`.
 *
 * @param {string[]} files those that have a process of their own
 * @returns {import('rolldown').Plugin}
 */
const fileTests = (files) => ({
  name: 'file-tests',
  resolveId(id, importer) {
    if (id !== 'tap' || !importer?.endsWith('.test.ts')) return null
    return files.includes(relative(root, importer)) ? null : `\0tap-of:${importer}`
  },
  load: (id) =>
    id.startsWith('\0tap-of:')
      ? `import { fileTest } from ${JSON.stringify(inRoot('scripts/lib/part-file.mjs'))}
        export default fileTest()`
      : null,
})

/** Removes what runs left behind that were killed. */
function removeLeftovers() {
  if (!existsSync(FOLDER)) return
  for (const name of readdirSync(FOLDER)) {
    const path = join(FOLDER, name)
    if (Date.now() - statSync(path).mtimeMs > HOUR_MS) rmSync(path, { recursive: true, force: true })
  }
}
