// @ts-check
// `npm run chaos -- --minutes 30 --seed N`: prepares the project, then runs test/faults/chaos-run.ts from its source.
import { spawnSync } from 'node:child_process'
import { inRoot, root } from './lib/paths.mjs'
import { script } from './lib/run.mjs'
import { prepare, prepareTools } from './prepare.mjs'

await script(async () => {
  process.stderr.write('houselights: database: embedded (private to this run)\n')
  await prepareTools()
  await prepare()
  const args = ['--import=tsx', inRoot('test/faults/chaos-run.ts'), ...process.argv.slice(2)]
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1
})
