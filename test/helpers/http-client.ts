import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { PATIENCE, within } from './deadline.js'
import { keepCookieSecret, keepSecretsOf, keepSessionSecrets } from './suite-output.js'

export interface Answer<T = unknown> {
  status: number
  headers: IncomingHttpHeaders
  /** parsed when it is JSON, else the text */
  body: T
  text: string
}

export interface RequestOptions {
  /** an array is sent as it is, name, value, name, value: doubled names too */
  headers?: OutgoingHttpHeaders | string[]
  /** sent as it is, instead of a JSON body */
  raw?: string | Buffer
  /** ms for the whole answer */
  within?: number
}

/** A client that keeps its cookies, as one browser profile does; says nothing of itself that it is not told to say. */
export interface HttpClient {
  get<T = unknown>(path: string, options?: RequestOptions): Promise<Answer<T>>
  post<T = unknown>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>>
  patch<T = unknown>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>>
  delete<T = unknown>(path: string, options?: RequestOptions): Promise<Answer<T>>
  request<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    options?: RequestOptions,
  ): Promise<Answer<T>>
  /** name -> value; change it to forge */
  readonly cookies: Map<string, string>
  /** the Cookie header as the next request sends it, for sockets */
  readonly cookie: string
}

/** @param baseUrl as `startService` gives it: http://127.0.0.1:port */
export function createClient(baseUrl: string): HttpClient {
  const cookies = new Map<string, string>()
  const cookieHeader = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

  async function send<T>(
    method: string,
    path: string,
    body: unknown,
    options: RequestOptions = {},
  ): Promise<Answer<T>> {
    keepSecretsOf(body)
    const answer = await exchange(new URL(baseUrl), method, path, body, options, cookieHeader())
    for (const line of answer.headers['set-cookie'] ?? []) {
      keepCookie(cookies, line)
      keepCookieSecret(line)
    }
    const parsed = parseBody(answer)
    if (path === '/api/auth/sessions') keepSessionSecrets(parsed)
    return { ...answer, body: parsed as T }
  }

  return {
    get: (path, options) => send('GET', path, undefined, options),
    post: (path, body, options) => send('POST', path, body, options),
    patch: (path, body, options) => send('PATCH', path, body, options),
    delete: (path, options) => send('DELETE', path, undefined, options),
    request: send,
    cookies,
    get cookie() {
      return cookieHeader()
    },
  }
}

/** The same browser at another node. */
export function movedTo(url: string, { cookies }: HttpClient): HttpClient {
  const client = createClient(url)
  for (const [name, value] of cookies) client.cookies.set(name, value)
  return client
}

type RawAnswer = Omit<Answer, 'body'>

function exchange(
  base: URL,
  method: string,
  path: string,
  body: unknown,
  options: RequestOptions,
  cookie: string,
): Promise<RawAnswer> {
  const payload = options.raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const isJson = options.raw === undefined && body !== undefined
  const answered = new Promise<RawAnswer>((resolve, reject) => {
    const outgoing = request(
      {
        host: base.hostname,
        port: base.port,
        method,
        path,
        headers: headersOf(options.headers, { isJson, cookie, host: base.host, payload }),
        // one connection each: nothing of one test lingers in another's
        agent: false,
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        )
        response.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(payload)
  })
  return within(answered, options.within ?? PATIENCE, `the answer to ${method} ${path}`)
}

interface Implied {
  isJson: boolean
  cookie: string
  host: string
  payload: string | Buffer | undefined
}

/** Headers given win; an array is taken whole, with only what HTTP itself needs added. */
function headersOf(given: RequestOptions['headers'], implied: Implied): OutgoingHttpHeaders | string[] {
  const { isJson, cookie, host, payload } = implied
  const length = payload === undefined ? undefined : Buffer.byteLength(payload)
  if (!Array.isArray(given)) {
    return {
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...(length === undefined ? {} : { 'content-length': length }),
      ...(cookie ? { cookie } : {}),
      ...given,
    }
  }
  const names = new Set(given.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
  const headers = [...given]
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined && value !== '' && !names.has(name)) headers.push(name, String(value))
  }
  add('host', host)
  add('content-type', isJson ? 'application/json' : undefined)
  add('content-length', length)
  add('cookie', cookie)
  return headers
}

function parseBody({ headers, text }: RawAnswer): unknown {
  return /\bjson\b/.test(headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : text
}

/** RFC 6265 section 5.3 as far as one host on one path needs it: name, value, and the end of its life. */
function keepCookie(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const at = pair.indexOf('=')
  if (at < 1) return
  const name = pair.slice(0, at)
  if (attributes.some(isOver)) cookies.delete(name)
  else cookies.set(name, pair.slice(at + 1))
}

function isOver(attribute: string): boolean {
  const [name = '', value = ''] = attribute.split('=')
  if (name.toLowerCase() === 'max-age') return Number(value) <= 0
  return name.toLowerCase() === 'expires' && Date.parse(value) <= Date.now()
}
