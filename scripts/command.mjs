// @ts-check
// `npm run theatre`, `npm run user`: prepares the project, then runs the built src/commands/main.ts in this process.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { markInUse } from './lib/build.mjs'
import { chooseDatabase, loadEnvFile } from './lib/env.mjs'
import { root } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { enableSourceMaps } from './lib/source-maps.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  // paths in arguments are relative to the user's working directory
  process.env.INIT_CWD ??= process.cwd()
  process.chdir(root)
  loadEnvFile()
  chooseDatabase()
  const folder = await prepare()
  markInUse(folder)
  enableSourceMaps()
  const file = join(folder, 'src/commands/main.js')
  process.argv = [process.execPath, file, ...process.argv.slice(2)]
  await import(pathToFileURL(file).href)
})
