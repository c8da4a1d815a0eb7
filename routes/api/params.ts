import { Type } from 'typebox'
import { invalid, notFound } from '../../src/errors.js'
import { readId } from '../../src/http/request-target.js'

/** A string, since `pathId` answers text that is no id with 404, not 400. */
export const IdParams = Type.Object({ id: Type.String() })

/** Reads the id in a path. Throws `not_found` if it isn't one. */
export function pathId({ id }: { id: string }, what: string): number {
  const value = readId(id)
  if (value === null) throw notFound(what)
  return value
}

/** Reads an optional id in a query. Throws `validation_failed` if it isn't one. */
export function queryId(text: string | undefined, name: string): number | null {
  if (text === undefined) return null
  const value = readId(text)
  if (value === null) throw invalid(name, 'must be an id')
  return value
}
