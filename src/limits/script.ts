import { createHash } from 'node:crypto'
import type { Script } from './shared-store.js'

export function createScript(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** A script's answer as numbers; throws at any other. */
export function readNumbers(answer: unknown, count: number): number[] {
  if (Array.isArray(answer) && answer.length === count && answer.every((part) => typeof part === 'number')) {
    return answer
  }
  throw new Error('the shared store gave an answer of another form')
}

/** What may name a key outside this process: no token, name or address can be read from it. */
export function opaqueKey(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
