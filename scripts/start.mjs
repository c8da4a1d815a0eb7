// @ts-check
// `npm start`: prepares, then is the service: the same process, so signals reach it and its exit code counts.
import module from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { markInUse } from './lib/build.mjs'
import { inRoot, root } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  process.chdir(root)
  const folder = await prepare()
  markInUse(folder)
  // Node 22 and later keep the compiled code: the next start is quicker
  const { enableCompileCache } = /** @type {{ enableCompileCache?: (folder: string) => unknown }} */ (module)
  enableCompileCache?.(inRoot('node_modules/.cache/compile'))
  await import(pathToFileURL(join(folder, 'src/server.js')).href)
})
