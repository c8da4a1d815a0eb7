import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { PROJECT } from '../helpers/embedded-servers.js'
import { latestBuild } from '../helpers/pages.js'
import { fakeProject } from './fake-project.js'

t.test('a stack trace of the build points to the source files and lines', async (t) => {
  const script = `
    import { enableSourceMaps } from ${JSON.stringify(join(PROJECT, 'scripts/lib/source-maps.mjs'))}
    enableSourceMaps()
    const { loadConfig } = await import(${JSON.stringify(join(latestBuild(), 'src/config/config.js'))})
    try { loadConfig({ LOG_LEVEL: 'loud' }, { dataDirectory: '.' }) } catch (error) { console.log(error.stack) }`
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '-e',
    script,
  ])
  t.equal(stderr, '', 'no warning')
  const places = [...stdout.matchAll(/at (\S+) .*?\(?\/?([^()\s]+\.[jt]s):(\d+):\d+\)?$/gm)].map(
    ([, name = '', file = '', line = '']) => ({ name, file: `/${file}`, line: Number(line) }),
  )
  const caller = places.find(({ name }) => name === 'loadConfig')
  t.equal(caller?.file, join(PROJECT, 'src/config/config.ts'))
  const source = readFileSync(join(PROJECT, 'src/config/config.ts'), 'utf8').split('\n')
  t.match(
    source[(caller?.line ?? 0) - 1],
    'readServerSettings(reader)',
    'LOG_LEVEL is one of the variables that it reads',
  )
  t.notMatch(stdout, /dist\//, 'no frame is of the build')
})

t.test('npm start and the commands enable source maps', async (t) => {
  for (const [script, entry] of [
    ['start.mjs', 'server'],
    ['command.mjs', 'commands/main'],
  ] as const) {
    const project = fakeProject(t)
    // maps the one line of the build to line 7 of the source
    const map = { version: 3, sources: [`../../../src/${entry}.ts`], names: [], mappings: 'AAMA' }
    const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`
    project.write('src/server.ts', `console.log(new Error('mapped').stack)\n//# sourceMappingURL=${url}\n`)
    const run = project.run(script)
    t.match(await run.ended, { code: 0 }, run.output())
    t.match(run.output(), new RegExp(`/src/${entry}\\.ts:7:`), script)
  }
})
