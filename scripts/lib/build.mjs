// @ts-check
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { extname, join } from 'node:path'
import { hashOf } from './hash.mjs'
import { isAlive } from './lock.mjs'
import { inRoot } from './paths.mjs'
import { isPermissionError, must, runNode } from './run.mjs'

const CODE = ['src', 'plugins', 'routes', 'prisma', 'scripts']
const CONFIGURATION = ['tsconfig.json', 'package.json', 'package-lock.json']
const GENERATED = join('src', 'database', 'generated')
const KEPT = 3
const HOUR_MS = 3_600_000

/** The folder of the build of the current sources, whether it exists or not. */
export function buildFolder() {
  // the generated client depends only on prisma/ and the lockfile
  return inRoot(
    'dist',
    hashOf([...CODE, 'web', ...CONFIGURATION], (name) => name === GENERATED),
  )
}

/**
 * The step that builds into that folder.
 *
 * @param {string} target
 * @returns {import('./install.mjs').Step}
 */
export const build = (target) => ({
  what: 'building the service and its pages',
  isDone: () => existsSync(target),
  async run() {
    const temporary = inRoot('dist', `.tmp-${process.pid}-${Date.now()}`)
    mkdirSync(temporary, { recursive: true })
    try {
      // await both: one that still runs would write into the folder that is being removed
      const results = await Promise.allSettled([buildServer(temporary), buildPages(temporary)])
      for (const result of results) if (result.status === 'rejected') throw result.reason
      // the sources changed meanwhile: it may mix old and new ones
      if (buildFolder() !== target) return
      // atomic; an existing build is never written to again
      if (!existsSync(target)) renameSync(temporary, target)
    } finally {
      rmSync(temporary, { recursive: true, force: true })
    }
    prune(target)
  },
})

/** @param {string} folder */
async function buildServer(folder) {
  const args = ['-c', inRoot('scripts/lib/rolldown.config.mjs'), '--dir', folder, '--logLevel', 'warn']
  await must('building the service', runNode(inRoot('node_modules/rolldown/bin/cli.mjs'), args))
  // other files keep their place relative to the code
  for (const name of CODE) {
    if (existsSync(inRoot(name)))
      cpSync(inRoot(name), join(folder, name), { recursive: true, filter: isAsset })
  }
}

/** @param {string} path */
const isAsset = (path) => statSync(path).isDirectory() || !['.ts', '.tsx'].includes(extname(path))

/** @param {string} folder */
async function buildPages(folder) {
  if (!existsSync(inRoot('web/vite.config.ts'))) return
  const args = ['build', 'web', '--outDir', join(folder, 'web'), '--emptyOutDir', '--logLevel', 'warn']
  await must('building the pages', runNode(inRoot('node_modules/vite/bin/vite.js'), args))
}

/**
 * Marks the build as used by this process, so that no later build removes it. A user who may only read the clone can
 * run it all the same: a service need not own its code.
 *
 * @param {string} folder
 */
export function markInUse(folder) {
  const mark = join(folder, `.running-${process.pid}`)
  try {
    writeFileSync(mark, '')
  } catch (error) {
    if (isPermissionError(error)) return
    throw error
  }
  process.on('exit', () => rmSync(mark, { force: true }))
}

/**
 * Writes the build's name to dist/latest, from which tests that run from the sources take the pages.
 *
 * @param {string} folder
 */
export function markLatest(folder) {
  const pointer = inRoot('dist/latest')
  const name = `${folder.slice(inRoot('dist').length + 1)}\n`
  if (existsSync(pointer) && readFileSync(pointer, 'utf8') === name) return
  const temporary = `${pointer}.${process.pid}`
  writeFileSync(temporary, name)
  renameSync(temporary, pointer)
  utimesSync(folder, new Date(), new Date())
}

/**
 * Removes old builds, except the newest few and those that a process runs.
 *
 * @param {string} current
 */
function prune(current) {
  const folders = readdirSync(inRoot('dist'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => inRoot('dist', entry.name))
    .map((path) => ({ path, age: Date.now() - statSync(path).mtimeMs }))
    .sort((a, b) => a.age - b.age)
  const builds = folders.filter(({ path }) => !path.includes('.tmp-'))
  const leftovers = folders.filter(({ path, age }) => path.includes('.tmp-') && age > HOUR_MS)
  for (const { path } of [
    ...builds.slice(KEPT).filter(({ path }) => path !== current && !isRunning(path)),
    ...leftovers,
  ]) {
    rmSync(path, { recursive: true, force: true })
  }
}

/** @param {string} folder */
function isRunning(folder) {
  return readdirSync(folder).some(
    (name) => name.startsWith('.running-') && isAlive(Number(name.slice('.running-'.length))),
  )
}
