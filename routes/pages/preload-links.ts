import { preferredLanguage } from '../../src/http/content-language.js'

// On a slow network a page's data and texts are asked for with its files, not by them: one round trip less. Browsers that
// don't read these links ask a little later (web/lib/preload.ts).

const IS_ID = /^[1-9]\d{0,9}$/

/** The call that a customer's page begins with, as web/lib/preload.ts asks for it. */
const FIRST_CALLS: Readonly<Record<string, (params: Readonly<Record<string, string>>) => string | null>> = {
  seat: ({ seatToken = '' }) => `/api/seats/${encodeURIComponent(seatToken)}`,
  order: ({ id = '' }) => (IS_ID.test(id) ? `/api/orders/${id}` : null),
  receipt: ({ id = '' }) => (IS_ID.test(id) ? `/api/orders/${id}/receipt` : null),
  checkout: ({ paymentId = '' }) => `/api/checkout/${encodeURIComponent(paymentId)}`,
}

/** The files of each language that a shell names: `hi` -> `/assets/hi-….js`. */
export function languageFiles(html: string): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>()
  for (const [, language = '', path = ''] of html.matchAll(
    /<link rel="strings" hreflang="([\w-]+)"[^>]* href="([^"]+)"/g,
  ))
    files.set(language, [...(files.get(language) ?? []), path])
  return files
}

export interface EarlyRequest {
  page: string
  params: Readonly<Record<string, string>>
  files: ReadonlyMap<string, readonly string[]>
  acceptLanguage: string | undefined
}

/** The value of the page's `Link` header (RFC 8288); null: nothing to ask for early. */
export function preloadLinks({ page, params, files, acceptLanguage }: EarlyRequest): string | null {
  const call = FIRST_CALLS[page]?.(params) ?? null
  const texts = files.get(preferredLanguage(acceptLanguage, [...files.keys()]) ?? 'en') ?? []
  const links = [
    ...(call === null ? [] : [`<${call}>; rel=preload; as=fetch; crossorigin`]),
    ...texts.map((path) => `<${path}>; rel=modulepreload; crossorigin`),
  ]
  return links.length === 0 ? null : links.join(', ')
}
