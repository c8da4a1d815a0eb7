import { ApiError, UNKNOWN } from './api-error.js'
import { createStore } from './store.js'

/** Whether the last answer came from something in between, such as a captive portal, instead of the service. */
export const interceptedNetwork = createStore(false)

function isJson(response: Response): boolean {
  return /^application\/json\b/i.test(response.headers.get('content-type') ?? '')
}

/** A proxy in front of the service has pages of its own for these: it could not reach the service, or limits requests. */
function isProxyRefusal({ status }: Response): boolean {
  // 511: network authentication required (RFC 6585), a captive portal
  return status === 429 || status === 413 || (status >= 500 && status !== 511)
}

/** The service never redirects its calls, and answers JSON or 204. */
function isForeign(response: Response): boolean {
  if (response.type === 'opaqueredirect' || response.redirected) return true
  return response.status !== 204 && !isJson(response) && !isProxyRefusal(response)
}

function foreign(status: number, what: string): ApiError {
  interceptedNetwork.set(true)
  return ApiError.foreign(status, what)
}

async function readError(response: Response): Promise<ApiError> {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retryAfter = Number.isFinite(seconds) ? seconds : null
  const body: Record<string, unknown> | null = await response.json().catch(() => null)
  // A proxy's error page, or its JSON, has no code of ours.
  if (typeof body?.error !== 'string' || typeof body.message !== 'string')
    return new ApiError(response.status, UNKNOWN, response.statusText, retryAfter)
  interceptedNetwork.set(false)
  return new ApiError(response.status, body.error, body.message, retryAfter, body)
}

/**
 * The response, if it is the service's own and not an error.
 *
 * @throws {ApiError} foreign, or with the service's error code
 */
export async function checkAnswer(response: Response): Promise<Response> {
  if (isForeign(response)) throw foreign(response.status, 'Something other than the service answered.')
  if (!response.ok) throw await readError(response)
  return response
}

function parse<T extends object>(text: string): T | null {
  try {
    const value: T | null = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

/**
 * The JSON object of an answer. Its shape is the protocol's, declared and tested on the service's side; checked here is
 * only that it is an object with that member.
 *
 * @throws {ApiError} foreign, or offline when the connection ends before the answer does
 */
export async function readObject<T extends object>(response: Response, member: string): Promise<T> {
  const text = await response.text().catch((error: unknown) => {
    throw new ApiError(0, 'no_answer', String(error))
  })
  const answer = parse<T>(text)
  if (answer === null || !(member in answer))
    throw foreign(response.status, 'The answer is not the service’s JSON.')
  interceptedNetwork.set(false)
  return answer
}

/**
 * Checks that an answer is empty.
 *
 * @throws {ApiError} foreign
 */
export function readNothing(response: Response): void {
  if (response.status !== 204) throw foreign(response.status, 'The answer should be empty.')
  interceptedNetwork.set(false)
}
