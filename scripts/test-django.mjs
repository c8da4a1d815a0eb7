// @ts-check
// `npm run test:django`: the tests of the gate against the other versions of Django that it is for. Debian's suites have
// them; they are unpacked under .data/ and not installed, which needs root on Debian.
import { spawnSync } from 'node:child_process'
import { inRoot, root } from './lib/paths.mjs'
import { ScriptError, script } from './lib/run.mjs'

/** Those with a site in them. */
const TESTS = ['revocation', 'handshake', 'away', 'browser'].map((name) => `test/gate/${name}.test.ts`)

await script(async () => {
  process.chdir(root)
  const suites = process.argv.slice(2)
  for (const suite of suites.length > 0 ? suites : ['trixie', 'forky']) {
    const HOUSELIGHTS_DJANGO_PATH = unpack(suite)
    process.stdout.write(`Django of Debian ${suite}: ${HOUSELIGHTS_DJANGO_PATH}\n`)
    const { status } = spawnSync(process.execPath, [inRoot('scripts/test.mjs'), ...TESTS], {
      stdio: 'inherit',
      env: { ...process.env, HOUSELIGHTS_DJANGO_PATH },
    })
    if (status !== 0) process.exitCode = 1
  }
})

/**
 * The folder of Python's modules.
 *
 * @param {string} suite
 */
function unpack(suite) {
  const script = inRoot('test/gate/unpack-django.sh')
  const { status, stdout, stderr } = spawnSync('bash', [script, suite, inRoot('.data/test/django', suite)], {
    encoding: 'utf8',
  })
  const path = stdout.trim().split('\n').at(-1)
  if (status === 0 && path) return path
  throw new ScriptError(`Django of Debian ${suite} can’t be had: ${stderr.trim().split('\n').at(-1)}`)
}
