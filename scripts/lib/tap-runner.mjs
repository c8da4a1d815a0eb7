// @ts-check
// Runs test files in a process each and writes their TAP: `node tap-runner.mjs <RunnerOptions as JSON>`. Does what `tap run`
// does, by tap's own class, but leaves out the hooks which record for coverage, which is off, what each process loads.
import processOnSpawn from 'process-on-spawn'
import t from 'tap'
import { root } from './paths.mjs'

/**
 * @typedef {object} RunnerOptions
 * @property {{ name: string, path: string }[]} files in the order in which they start; paths relative to the root
 * @property {string[]} nodeArgs
 * @property {number} jobs how many run at once
 * @property {number} timeout seconds, for one file
 */

/** @type {RunnerOptions} */
const { files, nodeArgs, jobs, timeout } = JSON.parse(process.argv[2] ?? '')

// tap adds its hooks by this variable
const { NODE_OPTIONS } = process.env
processOnSpawn.addListener((child) => {
  const { NODE_OPTIONS: _, ...env } = child.env
  child.env = NODE_OPTIONS === undefined ? env : { ...env, NODE_OPTIONS }
})

t.setTimeout(0)
t.jobs = jobs
t.plan(files.length)
for (const { name, path } of files) {
  t.spawn(process.execPath, [...nodeArgs, path], {
    name,
    at: null,
    stack: '',
    buffered: jobs > 1,
    timeout: timeout * 1000,
    env: { ...process.env, TAP_TIMEOUT: `${timeout}` },
    cwd: root,
  })
}
