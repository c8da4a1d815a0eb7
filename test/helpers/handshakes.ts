import { openRaw, type RawConnection } from './raw-connection.js'

/** One handshake, as bytes. What is left out is what a browser on the service's own page sends. */
export interface Handshake {
  path: string
  method?: string
  http?: string
  cookie?: string | null
  /** null: none */
  host?: string | null
  origin?: string | null
  key?: string | null
  version?: string | null
  upgrade?: string | null
  /** further lines of the head, as they are */
  extra?: string[]
  /** bytes right behind the head */
  body?: string
}

export interface Answered {
  status: number
  headers: Map<string, string>
  /** the JSON body's `error` */
  code: string | undefined
  body: string
  /** what came behind the answer */
  rest: string
  raw: string
}

export function headOf(port: number, shake: Handshake): string {
  const host = shake.host === undefined ? `127.0.0.1:${port}` : shake.host
  const given: [string, string | null | undefined][] = [
    ['Host', host],
    ['Origin', shake.origin === undefined ? `http://127.0.0.1:${port}` : shake.origin],
    ['Connection', 'Upgrade'],
    ['Upgrade', shake.upgrade === undefined ? 'websocket' : shake.upgrade],
    ['Sec-WebSocket-Version', shake.version === undefined ? '13' : shake.version],
    ['Sec-WebSocket-Key', shake.key === undefined ? 'dGhlIHNhbXBsZSBub25jZQ==' : shake.key],
    ['Cookie', shake.cookie],
  ]
  const lines = given.flatMap(([name, value]) => (value == null ? [] : [`${name}: ${value}`]))
  const first = `${shake.method ?? 'GET'} ${shake.path} ${shake.http ?? 'HTTP/1.1'}`
  return `${[first, ...lines, ...(shake.extra ?? [])].join('\r\n')}\r\n\r\n${shake.body ?? ''}`
}

/** Sends it, and reads the answer; of a refusal up to the connection's end, which must come. */
export async function shakeHands(port: number, shake: Handshake): Promise<Answered> {
  const connection = await openRaw(port)
  try {
    connection.write(headOf(port, shake))
    return await readAnswer(connection)
  } finally {
    connection.destroy()
  }
}

export async function readAnswer(connection: RawConnection): Promise<Answered> {
  const [, status] = await connection.expect(/^HTTP\/1\.1 (\d{3})(?:.|\r|\n)*?\r\n\r\n/)
  if (status !== '101') await connection.closed()
  return parseAnswer(connection.text)
}

export function parseAnswer(raw: string): Answered {
  const end = raw.indexOf('\r\n\r\n')
  const [first = '', ...lines] = raw.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map((line): [string, string] => {
      const at = line.indexOf(':')
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()]
    }),
  )
  const after = raw.slice(end + 4)
  const length = Number(headers.get('content-length') ?? 0)
  const body = after.slice(0, length)
  return {
    status: Number(first.split(' ')[1]),
    headers,
    code: /^\{"error":"([a-z_]+)"/.exec(body)?.[1],
    body,
    rest: after.slice(length),
    raw,
  }
}
