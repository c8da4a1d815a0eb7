// @ts-check
// `npm run bench`: prepares the project and the peers' packages, then runs bench/run.ts from its source.
// `npm run bench -- storms --url …` runs bench/storms.ts, against a node that is running already.
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
  const [first, ...rest] = process.argv.slice(2)
  const isStorm = first === 'storms'
  if (!isStorm) {
    loadEnvFile()
    announceDatabase(inRoot('.data/test/postgres'))
  }
  await prepare()
  if (!isStorm) await installPeers()
  const [program, args] = isStorm ? ['bench/storms.ts', rest] : ['bench/run.ts', process.argv.slice(2)]
  const node = ['--import=tsx', inRoot(program), ...args]
  process.exitCode = spawnSync(process.execPath, node, { cwd: root, stdio: 'inherit' }).status ?? 1
})
