import { connect, createServer, type Socket } from 'node:net'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { launchBrowser } from '../helpers/chromium.js'
import { type Customer, orderFrom } from '../helpers/customers.js'
import { testServer } from '../helpers/database-template.js'
import { createClient } from '../helpers/http-client.js'
import { listen } from '../helpers/listen.js'
import { startService, type TestService } from '../helpers/service.js'
import { TeardownList } from '../helpers/teardown.js'
import { PHONE } from './site.js'

// `node --import=tsx test/browser/slow-pages.ts [samples]` prints how long customers' pages take on slow 3G, with nothing
// cached, by the page's own clock (docs/performance.md). Elapsed time holds the machine's other work: read the lowest.

const LATENCY_MS = 400
/** 400 kbit/s */
const BYTES_PER_SECOND = 50_000
const SAMPLES = Number(process.argv[2] ?? 5)
const LONGEST_MS = 30_000

const opened = new TeardownList()

interface Visit {
  name: string
  path: string
  /** what the customer has come for */
  wanted: string
  customer?: Customer
}

interface Sample {
  /** ms from the start of the navigation until the control that is wanted takes a touch */
  usable: number
  /** ms until the first text is painted */
  painted: number
  /** bytes, heads of answers included, of what had arrived by then */
  bytes: number
  requests: number
}

/**
 * The debugger's emulation holds back each request's answer, but no frame of a socket. So this proxy holds the sockets' bytes
 * for half a round trip each way; all else passes at once.
 */
async function delaySockets(servicePort: number): Promise<number> {
  const server = createServer((near) => {
    near.once('data', (head) => {
      near.pause()
      const wait = /^upgrade: *websocket/im.test(head.toString('latin1')) ? LATENCY_MS / 2 : 0
      const far = connect(servicePort, '127.0.0.1')
      for (const socket of [near, far]) socket.on('error', () => near.destroy() && far.destroy())
      pass(near, far, wait)
      pass(far, near, wait)
      setTimeout(() => far.write(head), wait)
      near.resume()
    })
  })
  opened.teardown(() => server.close())
  return await listen(server)
}

function pass(from: Socket, to: Socket, wait: number): void {
  from.on('data', (bytes) => void (wait === 0 ? to.write(bytes) : setTimeout(() => to.write(bytes), wait)))
  from.on('close', () => setTimeout(() => to.destroy(), wait))
}

/** Runs in the page: notes the first frame in which the control is where a touch reaches it. A text, for tsx adds names of its own. */
const watch = (selector: string): string => `{
  const look = () => {
    const control = document.querySelector(${JSON.stringify(selector)})
    const box = control?.getBoundingClientRect()
    const hit = box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
    if (control && control.contains(hit) && !control.matches(':disabled')) window.usable = performance.now()
    else requestAnimationFrame(look)
  }
  if (location.protocol === 'http:') look()
}`

async function throttle(cdp: CDPSession): Promise<() => { bytes: number; requests: number }> {
  let bytes = 0
  let requests = 0
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
    requests += 1
  })
  await cdp.send('Network.enable')
  await cdp.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: LATENCY_MS,
    downloadThroughput: BYTES_PER_SECOND,
    uploadThroughput: BYTES_PER_SECOND,
  })
  return () => ({ bytes, requests })
}

const paintedAt = (page: Page): Promise<number> =>
  page.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")

async function sample(browser: Browser, url: string, visit: Visit, locale: string): Promise<Sample> {
  const context = await browser.newContext({ ...PHONE, locale, baseURL: url })
  try {
    const cookies = [...(visit.customer?.client.cookies ?? [])]
    await context.addCookies(cookies.map(([name, value]) => ({ name, value, url })))
    await context.addInitScript(watch(visit.wanted))
    const page = await context.newPage()
    const arrived = await throttle(await context.newCDPSession(page))
    await page.goto(visit.path, { waitUntil: 'commit' })
    await page.waitForFunction(() => 'usable' in window, null, { timeout: LONGEST_MS, polling: 50 })
    const counted = arrived()
    const usable = await page.evaluate<number>('window.usable')
    return { usable, painted: await paintedAt(page), ...counted }
  } finally {
    await context.close()
  }
}

/** A menu as long as that of a food court. */
async function growMenu({ db }: TestService): Promise<void> {
  await db.menuItem.createMany({
    data: Array.from({ length: 200 }, (_, index) => ({
      theatreId: 2,
      name: `Dish ${index} of the kitchen`,
      description: 'With rice, salad and a sauce of the day',
      price: 10_000 + index * 100,
      category: `Kitchen ${Math.floor(index / 20)}`,
      position: 100 + index,
    })),
  })
}

async function visits(service: TestService): Promise<Visit[]> {
  const paid = await orderFrom(service.url, 'demo-a1', { 'Masala Chai': 2 })
  const unpaid = await orderFrom(service.url, 'demo-a2', { 'Masala Chai': 2 }, 'unpaid')
  const answer = await unpaid.client.post<{ payment: { id: string } }>(
    `/api/orders/${unpaid.orderId}/payment`,
  )
  const payment = answer.body.payment.id
  return [
    { name: 'menu, 17 items', path: '/s/demo-a3', wanted: '[data-action=add]' },
    { name: 'menu, 200 items', path: '/s/demo2-a1', wanted: '[data-action=add]' },
    { name: 'order', path: `/orders/${paid.orderId}`, wanted: 'main.order .order-head', customer: paid },
    { name: 'checkout', path: `/checkout/${payment}`, wanted: '[data-action=pay]', customer: unpaid },
  ]
}

const column = (text: string | number, width: number): string => String(text).padStart(width)

async function run(): Promise<void> {
  const service = await startService(opened, { pages: true, demo: true, env: { RATE_LIMITS: 'off' } })
  await growMenu(service)
  const url = `http://127.0.0.1:${await delaySockets(service.port)}`
  await createClient(url).get('/healthz')
  const browser = await launchBrowser(opened)
  process.stdout.write('page              language  usable: lowest  median   painted     KB  requests\n')
  for (const visit of await visits(service)) {
    for (const locale of ['en-IN', 'hi-IN']) {
      const samples: Sample[] = []
      for (let i = 0; i < SAMPLES; i++) samples.push(await sample(browser, url, visit, locale))
      const [lowest] = samples.sort((a, b) => a.usable - b.usable)
      const median = samples[Math.floor(SAMPLES / 2)]
      if (!lowest || !median) throw new Error('Give the number of samples, 1 or more.')
      const cells = [
        column(Math.round(lowest.usable), 17),
        column(Math.round(median.usable), 8),
        column(Math.round(lowest.painted), 10),
        column((lowest.bytes / 1024).toFixed(1), 7),
        column(lowest.requests, 10),
      ]
      process.stdout.write(`${visit.name.padEnd(17)} ${locale.padEnd(8)}${cells.join('')}\n`)
    }
  }
}

try {
  await run()
} finally {
  await opened.closeAll()
  await (await testServer()).release()
}
