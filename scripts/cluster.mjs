// @ts-check
// `npm run cluster -- 3`: prepares, then runs several nodes as built behind one port: the same process, so signals
// reach it.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { markInUse } from './lib/build.mjs'
import { root } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  process.chdir(root)
  const folder = await prepare()
  markInUse(folder)
  await import(pathToFileURL(join(folder, 'src/commands/cluster.js')).href)
})
