// @ts-check
// `npm run dev`: installs what is missing, then runs scripts/dev/ from its sources. Nothing is built.
import { chooseDatabase, loadEnvFile } from './lib/env.mjs'
import { root } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { preparePackages } from './prepare.mjs'

await script(async () => {
  process.chdir(root)
  loadEnvFile()
  chooseDatabase()
  await preparePackages()
  const { register } = await import('tsx/esm/api')
  register()
  process.setSourceMapsEnabled(true)
  const { runDev } = await import('./dev/main.js')
  await runDev()
})
