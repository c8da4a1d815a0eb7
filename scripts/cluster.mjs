// @ts-check
// `npm run cluster -- 3`: prepares the project, then runs scripts/cluster/ from its sources. The nodes run the build.
import { join } from 'node:path'
import { markInUse } from './lib/build.mjs'
import { chooseDatabase, loadEnvFile } from './lib/env.mjs'
import { root } from './lib/paths.mjs'
import { markProduction } from './lib/production-mark.mjs'
import { script } from './lib/run.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  process.chdir(root)
  loadEnvFile()
  chooseDatabase()
  const folder = await prepare()
  markInUse(folder)
  markProduction(folder)
  const { register } = await import('tsx/esm/api')
  register()
  const { runCluster } = await import('./cluster/main.js')
  runCluster(process.argv.slice(2), join(folder, 'src/server.js'))
})
