// @ts-check
// `npm run bench`: prepares the project, then runs bench/run.ts from its source. `npm run bench -- storms --url …` runs
// bench/storms.ts, against a node that is running already.
import { spawnSync } from 'node:child_process'
import { announceDatabase, loadEnvFile } from './lib/env.mjs'
import { inRoot, root } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  const [first, ...rest] = process.argv.slice(2)
  const isStorm = first === 'storms'
  if (!isStorm) {
    loadEnvFile()
    announceDatabase(inRoot('.data/test/postgres'))
  }
  await prepare()
  const args = [
    '--import=tsx',
    ...(isStorm ? [inRoot('bench/storms.ts'), ...rest] : [inRoot('bench/run.ts')]),
  ]
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1
})
