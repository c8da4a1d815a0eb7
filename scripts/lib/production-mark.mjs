// @ts-check
// A file in a build's folder says that the build has served production, so that commands in this project don't take the
// embedded database for the service's.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot } from './paths.mjs'
import { isPermissionError } from './run.mjs'

const NAME = '.production'

/**
 * Marks the build as one that serves production, if NODE_ENV says so. A service that may not write there leaves no mark.
 *
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} [env]
 */
export function markProduction(folder, { NODE_ENV, HOUSELIGHTS_ENV_FILE = '' } = process.env) {
  if (NODE_ENV !== 'production') return
  try {
    writeFileSync(join(folder, NAME), HOUSELIGHTS_ENV_FILE)
  } catch (error) {
    if (!isPermissionError(error)) throw error
  }
}

/**
 * The mark of a build of this project, with the environment file that its service has read (empty: none was named).
 *
 * @returns {{ path: string, envFile: string } | null}
 */
export function findProductionMark() {
  if (!existsSync(inRoot('dist'))) return null
  for (const build of readdirSync(inRoot('dist'))) {
    const path = inRoot('dist', build, NAME)
    if (existsSync(path)) return { path, envFile: readFileSync(path, 'utf8') }
  }
  return null
}
