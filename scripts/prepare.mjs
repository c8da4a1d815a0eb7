// @ts-check
// Prepares a clone to run: packages, database client, build. Uses Node's own modules only, since it runs before anything
// is installed. Skips every step whose inputs have not changed.
import { pathToFileURL } from 'node:url'
import { build, buildFolder, markLatest } from './lib/build.mjs'
import { buildTap, generate, install } from './lib/install.mjs'
import { withLock } from './lib/lock.mjs'
import { inRoot } from './lib/paths.mjs'
import { script } from './lib/run.mjs'

/** builds that sources changing meanwhile may invalidate in a row */
const MAX_BUILDS = 5

/** @param {string} line */
const print = (line) => process.stderr.write(`houselights: ${line}\n`)

/** Installs what is missing. */
export const preparePackages = () => run([install, generate])

/** Installs what is missing, and prepares what only tests need. */
export const prepareTools = () => run([install, generate, buildTap])

/** @returns {Promise<string>} the folder with the build of the current sources */
export async function prepare() {
  await preparePackages()
  for (let tries = 0; tries < MAX_BUILDS; tries++) {
    // the sources are hashed once: they may change during the build
    const folder = buildFolder()
    const step = build(folder)
    await run([step])
    if (!step.isDone()) continue
    markLatest(folder)
    return folder
  }
  throw new Error('The sources kept changing during the build: start again.')
}

/** @param {import('./lib/install.mjs').Step[]} steps */
async function run(steps) {
  if (!steps.every((step) => step.isDone())) {
    const onWait = () => print('another process is preparing this folder, waiting for it…')
    await withLock(inRoot('.data/prepare.lock'), onWait, async () => {
      for (const step of steps) {
        if (step.isDone()) continue
        const began = Date.now()
        print(`${step.what}…`)
        await step.run()
        print(`${step.what}: done in ${((Date.now() - began) / 1000).toFixed(1)} s`)
      }
    })
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await script(async () => {
    if (process.argv.includes('--packages')) return await preparePackages()
    if (process.argv.includes('--for-tests')) await prepareTools()
    await prepare()
  })
}
