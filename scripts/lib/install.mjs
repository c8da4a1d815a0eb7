// @ts-check
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hashOf } from './hash.mjs'
import { inRoot } from './paths.mjs'
import { must, runNode, runNpm } from './run.mjs'

const STAMP = inRoot('node_modules/.houselights-stamp')

/** @returns {Record<string, string>} the steps done in this node_modules: step -> hash of its inputs */
function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'))
  } catch {
    return {}
  }
}

/**
 * @param {string} step
 * @param {string} hash
 */
const stamp = (step, hash) => writeFileSync(STAMP, `${JSON.stringify({ ...readStamp(), [step]: hash })}\n`)

/** @typedef {{ what: string, isDone: () => boolean, run: () => Promise<void> }} Step */

/** @type {Step} */
export const install = {
  what: 'installing packages (npm ci)',
  isDone() {
    const hash = lockHash()
    if (readStamp().install === hash) return true
    // npm may have been run by hand
    if (!isInstalled()) return false
    stamp('install', hash)
    return true
  },
  async run() {
    const hash = lockHash()
    const cache = ownCache()
    const options = ['--include=dev', '--include=optional', '--no-audit', '--no-fund']
    try {
      await must('npm ci', runNpm(['ci', ...options, ...(cache === null ? [] : [`--cache=${cache}`])]))
    } finally {
      if (cache !== null) rmSync(cache, { recursive: true, force: true })
    }
    stamp('install', hash)
  },
}

/**
 * A folder for npm's cache when its default, in the home directory, is not writable: a service account may have no home
 * directory. null: the default is writable.
 */
function ownCache() {
  // npm sets this for the programs that it starts
  const { npm_config_cache: cache } = process.env
  if (!cache) return null
  try {
    mkdirSync(cache, { recursive: true })
    accessSync(cache, constants.W_OK)
    return null
  } catch {
    return inRoot('.data/npm-cache')
  }
}

const lockHash = () => `${hashOf(['package-lock.json'])}-${process.platform}-${process.arch}`

/** Whether node_modules matches the lockfile, according to npm's own record of what it installed. */
function isInstalled() {
  try {
    const wanted = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages
    const present = JSON.parse(readFileSync(inRoot('node_modules/.package-lock.json'), 'utf8')).packages
    return Object.entries(wanted).every(([path, entry]) => {
      if (path === '') return true
      const found = present[path]
      if (!found) return entry.optional === true
      return (
        found.version === entry.version && found.integrity === entry.integrity && existsSync(inRoot(path))
      )
    })
  } catch {
    return false
  }
}

/** @type {Step} */
export const generate = {
  what: 'generating the database client (prisma generate)',
  isDone: () =>
    readStamp().generate === schemaHash() && existsSync(inRoot('src/database/generated/client.ts')),
  async run() {
    const hash = schemaHash()
    // no update check on Prisma's servers
    const env = { CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' }
    await must(
      'prisma generate',
      runNode(inRoot('node_modules/prisma/build/index.js'), ['generate'], { env }),
    )
    stamp('generate', hash)
  },
}

const schemaHash = () => hashOf(['prisma/schema.prisma', 'prisma.config.ts', 'package-lock.json'])

/**
 * tap's TypeScript plugin does not work with TypeScript 7 (docs/decisions/0002-tap-through-tsx.md). Plugins are compiled
 * into tap's test class, so leaving one out means rebuilding that class; npm restores the default one.
 *
 * @type {Step}
 */
export const buildTap = {
  what: 'building tap without its TypeScript plugin',
  isDone() {
    try {
      const built = readFileSync(inRoot('node_modules/@tapjs/test/test-built/dist/esm/index.js'), 'utf8')
      return !built.includes('@tapjs/typescript')
    } catch {
      return false
    }
  },
  async run() {
    await must('tap build', runNode(inRoot('node_modules/tap/dist/esm/run.mjs'), ['build']))
  },
}
