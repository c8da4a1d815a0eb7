// @ts-check
// Several test files in one process: each is a subtest, so that what it started ends with it. In the bundle of such files,
// `import t from 'tap'` is the file's subtest (scripts/lib/compiled-tests.mjs).
import t from 'tap'

/** ms for one file, and for all of a process */
const FILE_TIMEOUT = 600_000
const PART_TIMEOUT = 3_600_000

t.setTimeout(PART_TIMEOUT)

/** @type {import('tap').Test} */
let current = t

/** The test that stands for the file that is being loaded. */
export const fileTest = () => current

/**
 * @param {string} name
 * @param {() => Promise<unknown>} load
 */
export async function runFile(name, load) {
  await t.test(name, { timeout: FILE_TIMEOUT }, async (test) => {
    current = test
    await load()
  })
}
