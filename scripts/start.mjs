// @ts-check
// `npm start`: prepares the project, then runs the service in this process, so that signals reach it and the exit code is
// its own.
import module from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { markInUse } from './lib/build.mjs'
import { chooseDatabase, loadEnvFile } from './lib/env.mjs'
import { inRoot, root } from './lib/paths.mjs'
import { markProduction } from './lib/production-mark.mjs'
import { script } from './lib/run.mjs'
import { enableSourceMaps } from './lib/source-maps.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  process.chdir(root)
  loadEnvFile()
  chooseDatabase()
  const folder = await prepare()
  markInUse(folder)
  markProduction(folder)
  // Node 22 and later cache compiled code, which makes the next start faster
  const { enableCompileCache } = /** @type {{ enableCompileCache?: (folder: string) => unknown }} */ (module)
  enableCompileCache?.(inRoot('node_modules/.cache/compile'))
  enableSourceMaps()
  await import(pathToFileURL(join(folder, 'src/server.js')).href)
})
