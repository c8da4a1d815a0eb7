import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { PROGRAM_PATIENCE, within } from '../helpers/deadline.js'

/** A stand-in for a tool: appends a line to the project's log, then writes the files that the tool would. */
const tool = (name: string, rest = '') => `
  import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
  const args = process.argv.slice(2)
  const after = (option) => args[args.indexOf(option) + 1]
  appendFileSync('tools.log', ${JSON.stringify(name)} + ' ' + args[0] + '\\n')
  ${rest}
`

/** Does not write npm's hidden lockfile: the stamp alone must show that packages are installed. */
const NPM = tool(
  'npm',
  `const hold = existsSync('hold') ? 10_000 : 50
  await new Promise((resolve) => setTimeout(resolve, hold))
  writeFileSync('npm-options', args.slice(1).join(' '))
  cpSync('packages', 'node_modules', { recursive: true })`,
)
const PRISMA = tool(
  'prisma',
  `mkdirSync('src/database/generated', { recursive: true })
  writeFileSync('src/database/generated/client.ts', '')`,
)
const ROLLDOWN = tool(
  'rolldown',
  `mkdirSync(after('--dir') + '/src/commands', { recursive: true })
  for (const name of ['server', 'commands/main'])
    writeFileSync(after('--dir') + '/src/' + name + '.js', readFileSync('src/server.ts', 'utf8'))
  if (readFileSync('src/server.ts', 'utf8').includes('BROKEN')) { console.error('no such syntax'); process.exit(2) }`,
)
const VITE = tool(
  'vite',
  `mkdirSync(after('--outDir'), { recursive: true })
  writeFileSync(after('--outDir') + '/index.html', 'page')`,
)

const SERVER = `
  process.on('SIGTERM', () => { console.log('draining'); process.exit(0) })
  console.log('up ' + process.argv.length)
  setInterval(() => {}, 1000)
`

export interface Run {
  child: ChildProcess
  /** stdout and stderr together, so far */
  output(): string
  /** resolves once the output matches */
  prints(pattern: RegExp): Promise<void>
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

export interface FakeProject {
  root: string
  write(path: string, content: string): void
  /** the tools that ran, in order: `npm ci`, `rolldown -c`, … */
  tools(): string[]
  /** resolves once the file exists */
  appears(path: string): Promise<void>
  builds(): string[]
  run(script: string, ...args: string[]): Run
  runWith(env: NodeJS.ProcessEnv, script: string): Run
  /** Runs it as another user, in a copy that this user can only read. Requires root. */
  runAsOtherUser(script: string): Run
}

/** Creates a project with the real scripts, whose tools are fast offline stand-ins that record their calls. */
export function fakeProject(t: Test): FakeProject {
  const root = t.testdir({
    'package.json': '{"type":"module"}',
    'package-lock.json': '{"packages":{"":{},"node_modules/tool":{"version":"1.0.0"}}}',
    'npm-cli.js': NPM,
    packages: {
      prisma: { build: { 'index.js': PRISMA } },
      rolldown: { bin: { 'cli.mjs': ROLLDOWN } },
      vite: { bin: { 'vite.js': VITE } },
    },
    prisma: { 'schema.prisma': 'model A {}', migrations: { one: { 'migration.sql': 'SELECT 1' } } },
    web: { 'vite.config.ts': '', 'page.html': '' },
    src: { 'server.ts': SERVER, 'words.txt': 'word' },
  })
  cpSync(join(dirname(fileURLToPath(import.meta.url)), '../../scripts'), join(root, 'scripts'), {
    recursive: true,
  })
  // a failing test must leave no process behind
  const children = new Set<ChildProcess>()
  t.teardown(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  const track = (run: Run) => {
    children.add(run.child)
    return run
  }
  const list = (path: string) => {
    try {
      return readdirSync(join(root, path)).sort()
    } catch {
      return []
    }
  }
  return {
    root,
    write: (path, content) => writeFileSync(join(root, path), content),
    tools: () =>
      list('.').includes('tools.log') ? readFileSync(join(root, 'tools.log'), 'utf8').trim().split('\n') : [],
    appears: (path) => appears(root, path),
    builds: () => list('dist').filter((name) => name !== 'latest'),
    run: (script, ...args) => track(start(root, script, args)),
    runWith: (env, script) => track(start(root, script, [], { env })),
    runAsOtherUser(script) {
      const copy = mkdtempSync(join(tmpdir(), 'houselights-read-only-'))
      t.teardown(() => rmSync(copy, { recursive: true, force: true }))
      cpSync(root, copy, { recursive: true })
      chmodSync(copy, 0o755)
      return track(start(copy, script, [], { uid: NOBODY, gid: NOBODY }))
    },
  }
}

const NOBODY = 65534

async function appears(root: string, path: string): Promise<void> {
  const watcher = watch(root)
  try {
    const there = new Promise<void>((resolve) => {
      const look = () => existsSync(join(root, path)) && resolve()
      watcher.on('change', look)
      look()
    })
    await within(there, PROGRAM_PATIENCE, path)
  } finally {
    watcher.close()
  }
}

interface StartOptions {
  uid?: number
  gid?: number
  env?: NodeJS.ProcessEnv
}

function start(root: string, script: string, args: string[], options: StartOptions = {}): Run {
  const { NODE_OPTIONS: _, DATABASE_URL: __, HOUSELIGHTS_ENV_FILE: ___, ...env } = process.env
  const child = spawn(process.execPath, [join(root, 'scripts', script), ...args], {
    ...options,
    // any folder: the scripts find the project's root themselves
    cwd: dirname(root),
    env: { ...env, npm_execpath: join(root, 'npm-cli.js'), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    child,
    output: () => output,
    prints: (pattern) =>
      within(
        new Promise<void>((resolve) => {
          const look = () => pattern.test(output) && resolve()
          listeners.add(look)
          look()
        }),
        PROGRAM_PATIENCE,
        () => `${pattern} from ${script}; it printed: ${output}`,
      ),
    ended: within(ended, PROGRAM_PATIENCE, () => `the end of ${script}; it printed: ${output}`),
  }
}
