// @ts-check
// `npm run bench`: prepares the project, then runs bench/run.ts from its source.
import { spawnSync } from 'node:child_process'
import { announceDatabase, loadEnvFile } from './lib/env.mjs'
import { inRoot, root } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { prepare } from './prepare.mjs'

await script(async () => {
  loadEnvFile()
  announceDatabase(inRoot('.data/test/postgres'))
  await prepare()
  const args = ['--import=tsx', inRoot('bench/run.ts'), ...process.argv.slice(2)]
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1
})
