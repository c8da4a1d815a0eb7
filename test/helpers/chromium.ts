import { type Browser, chromium } from 'playwright-core'
import { findOnPath, isExecutable, type Program, requireProgram } from './programs.js'
import type { Teardown } from './teardown.js'

/** What playwright itself installed, if it did. */
function playwrightsOwn(): string[] {
  try {
    return [chromium.executablePath()]
  } catch {
    return []
  }
}

/** The browser as people have it, with windows. */
export const CHROMIUM: Program = {
  name: 'Chromium',
  commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  paths: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ...playwrightsOwn(),
  ],
  // Ubuntu's package is a snap, which containers can't run
  apt: { debian: 'chromium' },
  remedy: {
    darwin: 'brew install --cask google-chrome',
    other: 'npx playwright-core install --with-deps chromium',
  },
}

/** The same engine without windows: a page costs a fifth of the CPU. Where it is missing, Chromium does. */
export const HEADLESS_SHELL: Program = {
  ...CHROMIUM,
  name: 'Chromium’s headless shell',
  commands: ['chromium-headless-shell', 'chrome-headless-shell'],
  paths: [],
  apt: { debian: 'chromium-headless-shell' },
}

/** CHROMIUM_PATH, or what the machine has, or what is installed for it: see `requireProgram`. */
export function findChromium({ withWindows = false } = {}): string {
  const given = process.env.CHROMIUM_PATH
  if (!given) return (withWindows ? null : findOnPath(HEADLESS_SHELL.commands)) ?? requireProgram(CHROMIUM)
  if (isExecutable(given)) return given
  throw new Error('CHROMIUM_PATH names no executable file: set it to a Chromium or Chrome, or unset it.')
}

export interface BrowserOptions {
  /** for what the headless shell lacks: freezing a tab, notifications, and Back to a page as it was left */
  withWindows?: boolean
  /** whether Back may show a page as it was left, as browsers do; off by default, as in playwright */
  backForwardCache?: boolean
}

/** Starts a browser that talks to nobody but the pages; it is closed at teardown. */
export async function launchBrowser(
  t: Teardown,
  { withWindows = false, backForwardCache = false }: BrowserOptions = {},
): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: findChromium({ withWindows: withWindows || backForwardCache }),
    headless: true,
    ignoreDefaultArgs: backForwardCache ? ['--disable-back-forward-cache'] : [],
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      // containers give little shared memory
      '--disable-dev-shm-usage',
      // Chromium's sandbox refuses to run as root
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  })
  t.teardown(() => browser.close())
  return browser
}
