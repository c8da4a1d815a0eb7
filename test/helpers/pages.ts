import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of what `npm test` and `npm start` last built. */
export function latestBuild(): string {
  const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
  const latest = existsSync(`${dist}latest`) ? readFileSync(`${dist}latest`, 'utf8').trim() : null
  if (latest && existsSync(`${dist}${latest}/web`)) return `${dist}${latest}`
  throw new Error('The service is not built. Run: node scripts/prepare.mjs')
}

/** The folder of the pages as they were last built. */
export const builtPages = (): string => `${latestBuild()}/web`
