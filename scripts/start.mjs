// @ts-check
// `npm start`: prepares, then is the service: the same process, so signals reach it and its exit code counts.
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
  await import(pathToFileURL(join(folder, 'src/server.js')).href)
})
