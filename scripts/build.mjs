// @ts-check
// `npm run build -- --out FOLDER`: makes a folder that `node server.js` runs without npm, sources or network. It has no
// embedded database, and no package that only development needs (docs/decisions/0029-release-folder-and-image.md).
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { LICENCE, writeBillOfMaterials } from './lib/bill-of-materials.mjs'
import { BUNDLE_EXTERNALS } from './lib/bundle-externals.mjs'
import { inRoot } from './lib/paths.mjs'
import { ScriptError, script } from './lib/run.mjs'
import { prepare } from './prepare.mjs'

/** What the schema engine imports, which applies migrations at the start. */
const ENGINE = ['pg', '@prisma/adapter-pg', '@prisma/driver-adapter-utils', '@prisma/schema-engine-wasm']
const SCRIPTS = [
  'schema-engine.mjs',
  'schema-engine',
  ...['env', 'paths', 'production-mark', 'run', 'run-release', 'source-maps'].map(
    (name) => `lib/${name}.mjs`,
  ),
]
/** file of the release -> arguments of runRelease */
const ENTRIES = {
  'server.js': "'src/server.js'",
  'command.js': "'src/commands/main.js'",
  'gate.js': "'src/gate-server.js', { isGate: true }",
}
/** what packages have for compilers, debuggers and readers; licences stay */
const UNUSED = /\.(?:[cm]?ts|map|md|markdown)$/

/**
 * The folders of packages with all that they depend on, where they are installed.
 *
 * @param {readonly string[]} names
 * @param {string} [from] a folder in the project
 * @param {Set<string>} [found]
 */
function packageFolders(names, from = inRoot(), found = new Set()) {
  for (const name of names) {
    let parent = from
    while (!existsSync(join(parent, 'node_modules', name)) && parent !== inRoot()) parent = dirname(parent)
    const folder = join(parent, 'node_modules', name)
    // an optional one is there for one platform only; types are for compilers
    if (found.has(folder) || !existsSync(folder) || name.startsWith('@types/')) continue
    found.add(folder)
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    )
    packageFolders(Object.keys({ ...dependencies, ...optionalDependencies }), folder, found)
  }
  return found
}

/**
 * Copies a package without what is not used at run time, and without the packages in it, which are in the list themselves.
 *
 * @param {string} path
 * @param {string} folder the release
 */
function copyPackage(path, folder) {
  const filter = (/** @type {string} */ source) => {
    const name = basename(source)
    if (source === path) return true
    return name !== 'node_modules' && (!UNUSED.test(name) || LICENCE.test(name))
  }
  cpSync(path, join(folder, path.slice(inRoot().length)), { recursive: true, filter })
}

/**
 * @param {string} build
 * @param {string} folder
 */
async function assemble(build, folder) {
  for (const name of ['src', 'web', 'prisma'])
    cpSync(join(build, name), join(folder, name), { recursive: true })
  const filter = (/** @type {string} */ source) => !UNUSED.test(basename(source))
  for (const name of SCRIPTS)
    cpSync(inRoot('scripts', name), join(folder, 'scripts', name), { recursive: true, filter })
  const shipped = packageFolders([...BUNDLE_EXTERNALS, ...ENGINE])
  for (const path of shipped) copyPackage(path, folder)
  await writeBillOfMaterials(folder, { build, shipped })
  for (const [file, args] of Object.entries(ENTRIES)) {
    const code = `import { runRelease } from './scripts/lib/run-release.mjs'\n\nawait runRelease(${args})\n`
    writeFileSync(join(folder, file), code)
  }
  cpSync(inRoot('scripts/healthcheck.mjs'), join(folder, 'healthcheck.js'))
  for (const name of ['LICENSE', 'deploy']) cpSync(inRoot(name), join(folder, name), { recursive: true })
  const { name, version, license, engines } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  const platform = { os: process.platform, cpu: process.arch }
  const description = { name, version, license, private: true, type: 'module', engines, ...platform }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(description, null, 2)}\n`)
}

await script(async () => {
  const { values } = parseArgs({ options: { out: { type: 'string' } } })
  if (!values.out) throw new ScriptError('name the folder: npm run build -- --out FOLDER')
  const target = resolve(process.env.INIT_CWD ?? process.cwd(), values.out)
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new ScriptError(`${target} is not empty: name a new folder`)
  const build = await prepare()
  mkdirSync(dirname(target), { recursive: true })
  // complete or not there: a link may point to it at once
  const temporary = `${target}.tmp-${process.pid}`
  try {
    mkdirSync(temporary)
    await assemble(build, temporary)
    rmSync(target, { recursive: true, force: true })
    renameSync(temporary, target)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
})
