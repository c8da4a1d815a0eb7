// @ts-check
// `npm run gate -- gate.json`: prepares the project, then runs the built src/gate-server.ts in this process.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { markInUse } from './lib/build.mjs'
import { announceGateDatabase, loadEnvFile } from './lib/env.mjs'
import { root } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { enableSourceMaps } from './lib/source-maps.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  // the path of gate.json is relative to the user's working directory
  process.env.INIT_CWD ??= process.cwd()
  process.chdir(root)
  loadEnvFile()
  announceGateDatabase()
  const folder = await prepare()
  markInUse(folder)
  enableSourceMaps()
  await import(pathToFileURL(join(folder, 'src/gate-server.js')).href)
})
