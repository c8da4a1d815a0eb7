// @ts-check
// `npm run bench`: prepares the project and the peers' packages, then runs bench/run.ts from its source.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { announceDatabase, loadEnvFile } from './lib/env.mjs'
import { hashOf } from './lib/hash.mjs'
import { inRoot, root } from './lib/paths.mjs'
import { must, runNpm, script } from './lib/run.mjs'
import { prepare } from './prepare.mjs'

/** The peers are no dependency of the service: only the bench installs them. */
async function installPeers() {
  const stamp = inRoot('bench/peers/node_modules/.houselights-stamp')
  const hash = `${hashOf(['bench/peers/package-lock.json'])}-${process.platform}-${process.arch}`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  process.stderr.write('houselights: installing the peers (npm ci)…\n')
  const args = ['ci', '--prefix', inRoot('bench/peers'), '--ignore-scripts', '--no-audit', '--no-fund']
  await must('npm ci', runNpm(args))
  writeFileSync(stamp, hash)
}

await script(async () => {
  loadEnvFile()
  announceDatabase(inRoot('.data/test/postgres'))
  await prepare()
  await installPeers()
  const args = ['--import=tsx', inRoot('bench/run.ts'), ...process.argv.slice(2)]
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1
})
