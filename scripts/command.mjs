// @ts-check
// `npm run theatre` and `npm run user`: prepares, then runs src/commands/<name>.ts as built.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { markInUse } from './lib/build.mjs'
import { script } from './lib/run.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  const [name = '', ...rest] = process.argv.slice(2)
  const folder = await prepare()
  markInUse(folder)
  const file = join(folder, 'src/commands', `${name}.js`)
  process.argv = [process.execPath, file, ...rest]
  await import(pathToFileURL(file).href)
})
