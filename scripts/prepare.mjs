// @ts-check
// Brings a clone to where it can run: packages, database client, build. Run before anything is installed, so on
// Node's own modules only; does only what changed, and costs little when nothing did.
import { pathToFileURL } from 'node:url'
import { build, buildFolder, markLatest } from './lib/build.mjs'
import { buildTap, generate, install } from './lib/install.mjs'
import { withLock } from './lib/lock.mjs'
import { inRoot } from './lib/paths.mjs'
import { script } from './lib/run.mjs'

/** builds in a row that changing sources may spoil */
const BUILDS = 5

/** @param {string} line */
const say = (line) => process.stderr.write(`houselights: ${line}\n`)

/** Installs what is missing. */
export const preparePackages = () => run([install, generate])

/** Installs what is missing, and what only tests need. */
export const prepareTools = () => run([install, generate, buildTap])

/** @returns {Promise<string>} the folder with the build of the sources as they are */
export async function prepare() {
  await preparePackages()
  for (let tries = 0; tries < BUILDS; tries++) {
    // what the sources are now, once: somebody may go on writing while they are built
    const folder = buildFolder()
    const step = build(folder)
    await run([step])
    if (!step.isDone()) continue
    markLatest(folder)
    return folder
  }
  throw new Error('The sources changed each time while they were built: start again.')
}

/** @param {import('./lib/install.mjs').Step[]} steps */
async function run(steps) {
  if (!steps.every((step) => step.isDone())) {
    const onWait = () => say('another process is preparing, waiting for it…')
    await withLock(inRoot('.data/prepare.lock'), onWait, async () => {
      for (const step of steps) {
        if (step.isDone()) continue
        const began = Date.now()
        say(`${step.what}…`)
        await step.run()
        say(`${step.what}: done in ${((Date.now() - began) / 1000).toFixed(1)} s`)
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
