// @ts-check
import { readdirSync, statSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { inRoot, root } from './paths.mjs'

/** Tests that start programs, the longest of all: they run first, so that none is left alone at the end. */
const FIRST = ['cluster/', 'faults/', 'deploy/', 'scripts/', 'database/', 'gate/']

/**
 * The test files that arguments name: files, folders, or quoted globs; without any, all files.
 *
 * @param {string[]} names
 * @returns {Promise<string[]>} relative to the root, in the order in which they should start
 */
export async function testFiles(names) {
  if (names.length === 0) return longestFirst(filesIn('test'))
  // a dynamic import: this file is loaded before packages are installed
  const { glob } = await import('glob')
  const found = await glob(
    names.map((name) => posix(name)),
    { cwd: root, posix: true },
  )
  return longestFirst(
    found
      .map((path) => relative(root, resolve(root, path)))
      .flatMap((path) => (isFolder(path) ? filesIn(path) : [path])),
  )
}

/** @param {string} path */
const posix = (path) => path.replaceAll(sep, '/')

/** @param {string} path */
const isFolder = (path) => statSync(inRoot(path)).isDirectory()

/** @param {string} folder */
const filesIn = (folder) =>
  readdirSync(inRoot(folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${posix(folder)}/${posix(name)}`)

/** @param {string[]} files */
function longestFirst(files) {
  const rank = (/** @type {string} */ file) => {
    const at = FIRST.findIndex((room) => file.startsWith(`test/${room}`))
    return at === -1 ? FIRST.length : at
  }
  return [...new Set(files)].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en'))
}
