// @ts-check
// `npm start`: prepares, then becomes the service, so that signals reach it and its exit code is the command's.
import module from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { markInUse } from './lib/build.mjs'
import { announceDatabase, loadEnvFile } from './lib/env.mjs'
import { inRoot, root } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { enableSourceMaps } from './lib/source-maps.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  process.chdir(root)
  loadEnvFile()
  announceDatabase()
  const folder = await prepare()
  markInUse(folder)
  // Node 22 and later cache compiled code, so the next start is faster
  const { enableCompileCache } = /** @type {{ enableCompileCache?: (folder: string) => unknown }} */ (module)
  enableCompileCache?.(inRoot('node_modules/.cache/compile'))
  enableSourceMaps()
  await import(pathToFileURL(join(folder, 'src/server.js')).href)
})
