import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PROJECT } from '../helpers/embedded-servers.js'
import type { Teardown } from '../helpers/teardown.js'

const run = promisify(execFile)

/** A user that owns no file here; undefined where this process can't become it. */
export const NOBODY = process.getuid?.() === 0 ? 65534 : undefined

/** What a build of the image sees of the project: .dockerignore refuses all, then lets paths through. */
export function imageContext(): { included: string[]; excluded: string[] } {
  const lines = readFileSync(join(PROJECT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const [first, ...rest] = lines
  if (first !== '*') throw new Error('.dockerignore must refuse what it does not name')
  return {
    included: rest.filter((line) => line.startsWith('!')).map((line) => line.slice(1)),
    excluded: rest.filter((line) => !line.startsWith('!')),
  }
}

const isExcluded = (path: string, excluded: readonly string[]): boolean =>
  excluded.some((pattern) =>
    pattern.startsWith('**/') ? path.endsWith(pattern.slice(2)) : path.startsWith(`/${pattern}`),
  )

/** A folder that everybody may read and that is removed at the end, although it is read-only. */
export function openFolder(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-deploy-'))
  chmodSync(folder, 0o755)
  t.teardown(async () => {
    await run('chmod', ['-R', 'u+w', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/**
 * The release folder as deploy/Dockerfile assembles it: from the files that .dockerignore lets through, by the command of the
 * Dockerfile. Only its `npm ci` is left out: the packages are this project's. Nobody may write to it.
 */
export async function buildAsImage(t: Teardown): Promise<string> {
  const folder = openFolder(t)
  const context = join(folder, 'build')
  const { included, excluded } = imageContext()
  for (const path of included) {
    const filter = (source: string) => !isExcluded(source.slice(PROJECT.length - 1), excluded)
    cpSync(join(PROJECT, path), join(context, path), { recursive: true, filter })
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(context, 'node_modules'))
  const dockerfile = readFileSync(join(PROJECT, 'deploy/Dockerfile'), 'utf8')
  const command = /^RUN node (scripts\/build\.mjs --out) \/houselights$/m.exec(dockerfile)?.[1]
  if (command === undefined) throw new Error('the Dockerfile builds in another way')
  const release = join(folder, 'houselights')
  const { NODE_OPTIONS: _, ...env } = process.env
  await run(process.execPath, [...command.split(' '), release], { cwd: context, env })
  await run('chmod', ['-R', 'a-w', release])
  return release
}
