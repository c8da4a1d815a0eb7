import type { FastifyRequest } from 'fastify'
import { forbidden } from '../../src/errors.js'
import { isSameHost, readOrigin } from '../../src/http/origins.js'

/**
 * preValidation hook: lets pass only what a page of our own asks for. For the two GETs that change state: any site
 * can make a browser GET them with the user's cookie, by an image or a link. Throws 403.
 */
export async function requireOwnPage({ headers, ownHost }: FastifyRequest): Promise<void> {
  const site = headers['sec-fetch-site']
  // browsers send no Sec-Fetch-Site on plain http but to localhost; then the page is known by the Referer
  if (site !== undefined) {
    if (site !== 'same-origin') throw forbidden()
    return
  }
  const origin = originOf(headers.referer)
  if (!origin || !ownHost || !isSameHost(origin, ownHost)) throw forbidden()
}

function originOf(referer: string | undefined) {
  if (referer === undefined || !URL.canParse(referer)) return null
  return readOrigin(new URL(referer).origin)
}
