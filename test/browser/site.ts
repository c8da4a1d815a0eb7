import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { type BrowserOptions, launchBrowser } from '../helpers/chromium.js'
import { DeadlineError, PATIENCE, within } from '../helpers/deadline.js'
import { startService, type TestService } from '../helpers/service.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'
import type { Teardown } from '../helpers/teardown.js'
import { until } from '../helpers/until.js'

/** A customer's phone: the smallest supported one. */
export const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
}
/** A tablet on a stand. */
export const TABLET: BrowserContextOptions = { viewport: { width: 1180, height: 820 }, hasTouch: true }

/** One service with the demo theatres and one browser, shared by the tests of a file. */
export interface Site extends TestService {
  browser: Browser
  /** A browser profile with its own cookies and storage; it ends with the test that asks for it. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>
  /** A profile in which a demo account is signed in. */
  staff(options?: BrowserContextOptions & { username?: string }): Promise<Visitor>
  /** errors of any page: exceptions, policy violations, gaps and invalid frames that the live client reports */
  pageErrors: string[]
}

export interface Visitor {
  context: BrowserContext
  /** Opens a path of the service in a new tab. */
  open(path: string): Promise<Page>
}

/** A test, or what closes things for a script, which has no tests within it. */
interface FileTest extends Teardown {
  beforeEach?(hook: (test: Teardown) => void): unknown
}

/**
 * `worker`: pages have their service worker. Without, playwright's routes see all requests; of a page that has one they miss
 * some.
 */
export async function startSite(
  t: FileTest,
  env: Record<string, string> = {},
  { worker = false, ...browserOptions }: BrowserOptions & { worker?: boolean } = {},
): Promise<Site> {
  const app = await startService(t, { pages: true, demo: true, env: { RATE_LIMITS: 'off', ...env } })
  const browser = await launchBrowser(t, browserOptions)
  const pageErrors: string[] = []
  // an open page goes on drawing: what a test opens is closed at its end
  let owner: Teardown = t
  t.beforeEach?.((test) => {
    const outer = owner
    owner = test
    test.teardown(() => {
      owner = outer
    })
  })

  async function visitor(options: BrowserContextOptions = {}): Promise<Visitor> {
    const serviceWorkers = worker ? 'allow' : 'block'
    const context = await browser.newContext({
      baseURL: app.url,
      locale: 'en-IN',
      serviceWorkers,
      ...options,
    })
    context.setDefaultTimeout(PATIENCE)
    owner.teardown(() => closeInTime(context))
    context.on('weberror', (error) => pageErrors.push(String(error.error())))
    context.on('console', (message) => {
      if (message.type() === 'error' && isPageError(message.text())) pageErrors.push(message.text())
    })
    return {
      context,
      async open(path) {
        const page = await context.newPage()
        await page.goto(path)
        return page
      },
    }
  }

  async function staff({ username = 'staff', ...options }: Parameters<Site['staff']>[0] = {}) {
    const made = await visitor(options)
    const answer = await made.context.request.post('/api/auth/login', {
      data: { username, password: DEMO_PASSWORD },
    })
    if (answer.status() !== 200) throw new Error(`The login of ${username} was answered ${answer.status()}.`)
    return made
  }

  return { ...app, browser, visitor, staff, pageErrors }
}

/** ms; the end of a context may wait for ever for a page that is just navigating: it then ends with the browser */
const CLOSING_MS = 5000

async function closeInTime(context: BrowserContext): Promise<void> {
  try {
    await within(context.close(), CLOSING_MS, 'the end of a browser context')
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error
  }
}

/** Browsers log every response from 400 on and every failed socket, which tests of refusals and outages cause. */
function isPageError(line: string): boolean {
  return !/Failed to load resource|error occurred when fetching the script|WebSocket connection to .* failed|net::ERR_/.test(
    line,
  )
}

/** Resolves once the page's link to the service is live, or in the given state. */
export async function linkIs(page: Page, state = 'live'): Promise<void> {
  await page.locator(`[data-link-state="${state}"]`).first().waitFor()
}

/** Resolves once the page shows all that it reads first: until then parts of it are hidden. Signed out, it reads nothing. */
export async function hasOpened(page: Page): Promise<void> {
  const opening = '[data-opening=true], [data-waiting=true]'
  const isOpen = () =>
    page.evaluate<boolean>(
      `!document.querySelector('${opening}') || Boolean(document.querySelector('[data-banner=signed-out]'))`,
    )
  await until(isOpen, 'the page to have opened')
}

/** Opens the board's list of orders that ended. A click on what moves just then has no effect: it is repeated. */
export async function openEnded(board: Page): Promise<void> {
  const isOpen = async () => (await board.locator('details.ended').getAttribute('open')) !== null
  await until(async () => {
    if (!(await isOpen())) await board.locator('details.ended summary').click()
    return await isOpen()
  }, 'the list of orders that ended to be open')
}
