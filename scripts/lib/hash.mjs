// @ts-check
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot } from './paths.mjs'

/**
 * A hash of the contents of files and folders, named relative to the root; they may be missing.
 *
 * @param {string[]} names
 * @param {(name: string) => boolean} [skip] leaves out a file or a whole folder
 */
export function hashOf(names, skip = () => false) {
  const hash = createHash('sha256')
  for (const name of names) add(hash, name, skip)
  return hash.digest('hex').slice(0, 16)
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} name
 * @param {(name: string) => boolean} skip
 */
function add(hash, name, skip) {
  if (skip(name)) return
  const path = inRoot(name)
  if (!existsSync(path)) {
    hash.update(`${name}\0missing\0`)
    return
  }
  let entries
  try {
    entries = readdirSync(path).sort()
  } catch {
    const content = readFileSync(path)
    hash.update(`${name}\0${content.length}\0`).update(content)
    return
  }
  for (const entry of entries) add(hash, join(name, entry), skip)
}
