import { type ClientRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { PATIENCE, within } from './deadline.js'
import { Mailbox } from './mailbox.js'
import type { Teardown } from './teardown.js'

/** One server-sent event. */
export interface SentEvent<T> {
  name: string
  data: T
}

/** An open response of server-sent events. */
export interface EventStream<T> {
  status: number
  headers: IncomingHttpHeaders
  events: Mailbox<SentEvent<T>>
  /** resolves when the service has ended it, with its last `retry` in ms */
  ended: Promise<number | null>
  close(): void
}

/** Opens a stream; a refusal is a stream that has ended. It is closed at teardown. */
export async function openEvents<T>(
  t: Teardown,
  url: string,
  path: string,
  headers: OutgoingHttpHeaders = {},
): Promise<EventStream<T>> {
  const events = new Mailbox<SentEvent<T>>(`events of ${path}`)
  let outgoing: ClientRequest | undefined
  const opened = new Promise<EventStream<T>>((resolve, reject) => {
    outgoing = request(new URL(path, url), { agent: false, headers }, (response) => {
      let text = ''
      let retry: number | null = null
      const take = (block: string) => {
        const fields = new Map(
          block
            .split('\n')
            .map((line): [string, string] => [line.split(': ')[0] ?? '', line.replace(/^[^:]*: /, '')]),
        )
        if (fields.has('retry')) retry = Number(fields.get('retry'))
        const data = fields.get('data')
        if (data !== undefined)
          events.push({ name: fields.get('event') ?? 'message', data: JSON.parse(data) })
      }
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (text + chunk).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) take(block)
      })
      const ended = new Promise<number | null>((done) => {
        response.once('end', () => done(retry))
        response.once('error', () => done(retry))
      })
      const { statusCode: status = 0, headers } = response
      resolve({ status, headers, events, ended, close: () => outgoing?.destroy() })
    })
    outgoing.once('error', reject).end()
  })
  t.teardown(() => void outgoing?.destroy())
  return await within(opened, PATIENCE, `the response of ${path}`)
}
