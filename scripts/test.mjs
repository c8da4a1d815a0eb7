// @ts-check
// `npm test`: prepares the project, checks format, lint and types, runs every test, and ends with the counts alone on a
// line. With file names (`npm test -- test/live/v1.test.ts`) it runs only those, without the checks.
import { countingTests, runChecks, runTests } from './lib/checks.mjs'
import { script } from './lib/run.mjs'

await script(() =>
  countingTests(async (counts) => {
    const files = process.argv.slice(2)
    // side by side: tests wait for timers
    const checks = files.length === 0 ? runChecks() : 0
    await runTests(files, counts)
    counts.failed += await checks
  }),
)
