// @ts-check
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { announceGateDatabase, chooseDatabase, loadEnvFile } from './env.mjs'
import { inRoot, root } from './paths.mjs'
import { ScriptError, script } from './run.mjs'
import { enableSourceMaps } from './source-maps.mjs'

/**
 * Runs a file of a release folder in this process. Writes nothing, so the folder may be read-only.
 *
 * @param {string} entry
 * @param {{ isGate?: boolean }} [options] isGate: it uses the Django site's database, and none of its own
 */
export const runRelease = (entry, { isGate = false } = {}) =>
  script(async () => {
    process.env.INIT_CWD ??= process.cwd()
    process.chdir(root)
    assertPlatform()
    loadEnvFile()
    if (isGate) announceGateDatabase()
    else chooseDatabase({ isRelease: true })
    enableSourceMaps()
    await import(pathToFileURL(join(root, entry)).href)
  })

/** Native packages are there for one platform only. */
function assertPlatform() {
  const { os, cpu } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  const [built, here] = [`${os} ${cpu}`, `${process.platform} ${process.arch}`]
  if (built !== here)
    throw new ScriptError(`this release is for ${built}, and this machine is ${here}: build it there`)
}
