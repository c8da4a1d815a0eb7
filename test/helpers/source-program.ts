import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Node's arguments that run a TypeScript program of the project, named relative to its root: what the runner bundled
 * (scripts/lib/compiled-tests.mjs finds the calls of this function), or the source through tsx.
 */
export function nodeArguments(file: string): string[] {
  const folder = process.env.HOUSELIGHTS_COMPILED_TESTS
  const compiled = folder ? join(folder, file.replace(/\.ts$/, '.js')) : ''
  if (compiled && existsSync(compiled)) return ['--enable-source-maps', compiled]
  return ['--import', import.meta.resolve('tsx'), join(ROOT, file)]
}
