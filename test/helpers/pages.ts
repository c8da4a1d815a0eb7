import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The folder of the pages as `npm test` and `npm start` last built them. */
export function builtPages(): string {
  const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
  const latest = existsSync(`${dist}latest`) ? readFileSync(`${dist}latest`, 'utf8').trim() : null
  if (latest && existsSync(`${dist}${latest}/web`)) return `${dist}${latest}/web`
  throw new Error('The pages are not built. Run: node scripts/prepare.mjs')
}
