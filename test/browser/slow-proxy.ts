import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { PATIENCE, within } from '../helpers/deadline.js'
import { deferred } from '../helpers/deferred.js'
import { listen } from '../helpers/listen.js'
import type { Teardown } from '../helpers/teardown.js'

/** One request that the proxy keeps, or whose answer it keeps. */
export interface Held {
  /** resolves when it is at the proxy */
  arrived(): Promise<void>
  /** passes it on */
  release(): void
  /** cuts its connection */
  drop(): void
  /** resolves when the service has answered it and the answer was passed on or dropped */
  ended(): Promise<void>
}

/** A proxy between a browser and the service that delays or loses single requests and answers. */
export interface SlowProxy {
  /** the URL to open instead of the service's own */
  url: string
  /** Keeps the next request (or its answer) whose method and path match, as in `POST /api/orders/7/payment`. */
  hold(what: RegExp, stage?: 'request' | 'answer'): Held
  /** Loses all answers to requests that match until the returned function is called: browsers and pages repeat some. */
  loseAnswers(what: RegExp): () => void
}

interface Rule {
  what: RegExp
  stage: 'request' | 'answer'
  onArrived(): void
  onEnded(): void
  verdict: Promise<'release' | 'drop'>
}

export async function openSlowProxy(t: Teardown, servicePort: number): Promise<SlowProxy> {
  const rules: Rule[] = []
  const losing = new Set<RegExp>()
  const server = createServer((incoming, answer) => {
    forward(incoming, answer).catch(() => answer.destroy())
  })
  server.on('upgrade', (incoming, near, head) => {
    const far = connect(servicePort, '127.0.0.1')
    const headers = incoming.rawHeaders.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`))
    far.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers.join('')}\r\n`)
    far.write(head)
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) socket.on('error', () => near.destroy() && far.destroy())
  })
  const port = await listen(server)
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })

  function take(incoming: IncomingMessage): Rule | null {
    const at = rules.findIndex(({ what }) => what.test(`${incoming.method} ${incoming.url}`))
    return at < 0 ? null : (rules.splice(at, 1)[0] ?? null)
  }

  async function forward(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const rule = take(incoming)
    try {
      await pass(incoming, answer, rule)
    } finally {
      rule?.onEnded()
    }
  }

  async function pass(incoming: IncomingMessage, answer: ServerResponse, rule: Rule | null): Promise<void> {
    const body = await buffer(incoming)
    const pause = async (stage: Rule['stage']): Promise<void> => {
      if (rule?.stage !== stage) return
      rule.onArrived()
      if ((await rule.verdict) === 'drop') throw new Error('dropped')
    }
    await pause('request')
    const { method, url, headers } = incoming
    const got = await ask({ method, path: url, headers }, body)
    await pause('answer')
    if ([...losing].some((what) => what.test(`${method} ${url}`))) throw new Error('lost')
    const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...answered } = got.message.headers
    // Browsers silently repeat a request whose connection was used before and is cut.
    answer.writeHead(got.message.statusCode ?? 502, { ...answered, connection: 'close' }).end(got.body)
  }

  function ask(
    options: Pick<Parameters<typeof request>[1] & object, 'method' | 'path' | 'headers'>,
    body: Buffer,
  ): Promise<{ message: IncomingMessage; body: Buffer }> {
    return new Promise((resolve, reject) => {
      request({ ...options, host: '127.0.0.1', port: servicePort }, (message) => {
        buffer(message).then((got) => resolve({ message, body: got }), reject)
      })
        .on('error', reject)
        .end(body)
    })
  }

  return {
    url: `http://127.0.0.1:${port}`,
    loseAnswers(what) {
      losing.add(what)
      return () => void losing.delete(what)
    },
    hold(what, stage = 'answer') {
      const arrival = deferred()
      const end = deferred()
      const verdict = deferred<'release' | 'drop'>()
      const [onArrived, onEnded] = [arrival.resolve, end.resolve]
      rules.push({ what, stage, onArrived, onEnded, verdict: verdict.promise })
      return {
        arrived: () => within(arrival.promise, PATIENCE, `${what} to arrive`),
        ended: () => within(end.promise, PATIENCE, `${what} to end`),
        release: () => verdict.resolve('release'),
        drop: () => verdict.resolve('drop'),
      }
    },
  }
}
