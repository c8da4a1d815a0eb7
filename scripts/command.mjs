// @ts-check
// `npm run theatre`, `npm run user`: prepares, then runs src/commands/main.ts as built, in this process.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { markInUse } from './lib/build.mjs'
import { script } from './lib/run.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  const folder = await prepare()
  markInUse(folder)
  const file = join(folder, 'src/commands/main.js')
  process.argv = [process.execPath, file, ...process.argv.slice(2)]
  await import(pathToFileURL(file).href)
})
