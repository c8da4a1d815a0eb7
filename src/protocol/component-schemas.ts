import { IsSchema } from 'typebox'
import * as managerViews from './manager-views.js'
import * as views from './views.js'

const named = [...Object.entries(views), ...Object.entries(managerViews)].filter(([, view]) => IsSchema(view))
const nameByText = new Map(named.map(([name, schema]) => [JSON.stringify(schema), name]))

/** The document with each of the protocol's schemas as a reference to `#/components/schemas/`. */
export const withReferences = <T>(document: T): T => replaceSchemas(document) as T

function replaceSchemas(document: unknown): unknown {
  if (typeof document !== 'object' || document === null) return document
  const name = nameByText.get(JSON.stringify(document))
  return name ? { $ref: `#/components/schemas/${name}` } : withInnerReferences(document)
}

function withInnerReferences(document: object): unknown {
  if (Array.isArray(document)) return document.map(replaceSchemas)
  return Object.fromEntries(Object.entries(document).map(([key, value]) => [key, replaceSchemas(value)]))
}

/** Each of the protocol's shapes by its name, for OpenAPI and AsyncAPI. */
export const COMPONENT_SCHEMAS = Object.fromEntries(
  named.map(([name, schema]) => [name, withInnerReferences(schema)]),
)
