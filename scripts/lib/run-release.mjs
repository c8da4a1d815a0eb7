// @ts-check
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { announceDatabase, loadEnvFile } from './env.mjs'
import { root } from './paths.mjs'
import { script } from './run.mjs'
import { enableSourceMaps } from './source-maps.mjs'

/**
 * Runs a file of a release folder in this process. Writes nothing, so the folder may be read-only.
 *
 * @param {string} entry
 */
export const runRelease = (entry) =>
  script(async () => {
    process.env.INIT_CWD ??= process.cwd()
    process.chdir(root)
    loadEnvFile()
    announceDatabase()
    enableSourceMaps()
    await import(pathToFileURL(join(root, entry)).href)
  })
