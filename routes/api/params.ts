import { Type } from 'typebox'
import { invalid, notFound } from '../../src/errors.js'
import { readId } from '../../src/http/request-target.js'

/** Read by `pathId`: what is no id is answered as one that does not exist. */
export const IdParams = Type.Object({ id: Type.String() })

/** The id of a path. Throws `not_found` for text that is none. */
export function pathId({ id }: { id: string }, what: string): number {
  const value = readId(id)
  if (value === null) throw notFound(what)
  return value
}

/** The id in a query, null where there is none. Throws `validation_failed` for text that is none. */
export function queryId(text: string | undefined, name: string): number | null {
  if (text === undefined) return null
  const value = readId(text)
  if (value === null) throw invalid(name, 'must be an id')
  return value
}
