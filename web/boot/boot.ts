// Runs before everything else of a page, as a classic script under a name without a hash, which every node has. It
// notices that one of the page's files is lost (a failed request, a page of the network's in its place, a node of
// another build in a rolling deploy), says so in the words of the HTML, asks again until it has them all, and reloads.
;(() => {
  /** ms within which a page should come up */
  const LATE_MS = 15_000
  const FIRST_WAIT_MS = 300
  const LONGEST_WAIT_MS = 15_000
  /** ms before the second reload in succession; four times as long before each further one */
  const RELOAD_WAIT_MS = 500
  const LONGEST_RELOAD_WAIT_MS = 60_000
  const ANSWER_MS = 15_000
  const RELOADS = 'houselights.reloads'
  /** every stylesheet of ours has it (styles/tokens.css) */
  const A_TOKEN = '--touch'
  const FILES = 'script[src], link[rel=modulepreload], link[rel=stylesheet]'

  const root = document.documentElement
  root.dataset.boot = 'ready'
  // Without this script the page's <meta http-equiv=refresh> loads it again; from here on it is inert.
  if (document.readyState === 'loading') document.write('<template>')

  // Customers open their pages in a dark hall: those are dark (in their HTML) unless switched. The others follow the device.
  const SCHEME = 'houselights.scheme'
  const device = matchMedia('(prefers-color-scheme: dark)')
  const isForDarkHall = root.dataset.scheme === 'dark'
  function paint(): void {
    if (!isForDarkHall) root.dataset.scheme = device.matches ? 'dark' : 'light'
    else root.dataset.scheme = keptScheme() === '"light"' ? 'light' : 'dark'
  }
  function keptScheme(): string | null {
    try {
      return localStorage.getItem(SCHEME)
    } catch {
      return null
    }
  }
  paint()
  device.addEventListener('change', paint)

  let hasStarted = false
  let isRecovering = false

  /** Leaves the words of one language: the browser's first that has any, or English. */
  function chooseLanguage(): void {
    const notes = [...document.querySelectorAll<HTMLElement>('#boot > [lang]')]
    const languages = [...navigator.languages.map((tag) => tag.split('-')[0]?.toLowerCase()), 'en']
    const chosen = languages.find((language) => notes.some(({ lang }) => lang === language))
    for (const note of notes) if (note.lang !== chosen) note.remove()
  }

  /** How often this tab has reloaded the page without success; only a bound, so unreadable storage counts as one. */
  function reloads(next?: number): number {
    try {
      if (next === undefined) return Number(sessionStorage.getItem(RELOADS)) || 0
      if (next === 0) sessionStorage.removeItem(RELOADS)
      else sessionStorage.setItem(RELOADS, String(next))
      return next
    } catch {
      return 1
    }
  }

  /** Resolves after that time, or as soon as the browser is online or the page is shown again. */
  function pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds)
      addEventListener('online', () => resolve(), { once: true })
      document.addEventListener('visibilitychange', () => resolve(), { once: true })
    })
  }

  /** The text at that address, if it has that type; null when it can't be had. */
  async function read(url: string, type: RegExp, cache: RequestCache): Promise<string | null> {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS)
      const response = await fetch(url, { cache, signal, redirect: 'error', credentials: 'same-origin' })
      const isOfType = type.test(response.headers.get('content-type') ?? '')
      return response.ok && isOfType ? await response.text() : null
    } catch {
      return null
    }
  }

  /** Brings the file into the browser's cache, where the network's own page may have taken its place. */
  async function hasFile(url: string): Promise<boolean> {
    for (const cache of ['default', 'reload'] as const) {
      const text = await read(url, /javascript|css/, cache)
      if (text && !text.trimStart().startsWith('<')) return true
    }
    return false
  }

  async function hasFiles(urls: readonly string[]): Promise<boolean> {
    return (await Promise.all(urls.map(hasFile))).every(Boolean)
  }

  const filesOf = (page: Document): string[] =>
    [...page.querySelectorAll(FILES)].map(
      (element) => element.getAttribute('src') ?? element.getAttribute('href') ?? '',
    )

  /** The files of the page as the service has it now; none when what comes is no page of ours. */
  async function newFiles(): Promise<string[]> {
    const html = await read(location.pathname, /html/, 'no-store')
    if (html === null) return []
    const page = new DOMParser().parseFromString(html, 'text/html')
    return page.body.dataset.page === document.body.dataset.page ? filesOf(page) : []
  }

  /** Whether all files of this page, or of a newer build's, are in the browser's cache now. */
  async function isComplete(lost: readonly string[]): Promise<boolean> {
    if (await hasFiles([...filesOf(document), ...lost])) return true
    const files = await newFiles()
    return files.length > 0 && (await hasFiles(files))
  }

  /** Gets the files and reloads. A page that has come up meanwhile is left alone. */
  async function recover(...lost: string[]): Promise<void> {
    if (isRecovering) return
    isRecovering = true
    const wasWorking = hasStarted
    const before = reloads()
    if (before > 0) await pause(Math.min(LONGEST_RELOAD_WAIT_MS, RELOAD_WAIT_MS * 4 ** (before - 1)))
    for (let wait = FIRST_WAIT_MS; !(await isComplete(lost)); wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
      if (!hasStarted) root.dataset.boot = 'failed'
      await pause(wait)
    }
    isRecovering = false
    if (hasStarted && !wasWorking) return
    reloads(before + 1)
    location.reload()
  }

  let styleTries = 0
  /** Loads the page's styles in place, or those of a newer build. */
  async function loadStyles(lost: HTMLLinkElement): Promise<void> {
    for (;;) {
      const urls = [lost.getAttribute('href') ?? '', ...(await newFiles())]
      for (const url of urls.filter((each) => each.endsWith('.css'))) {
        if (!(await hasFile(url))) continue
        const link = document.createElement('link')
        link.rel = 'stylesheet'
        link.crossOrigin = lost.crossOrigin
        link.href = url
        return lost.replaceWith(link)
      }
      await pause(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** styleTries))
      styleTries += 1
    }
  }

  /** Nothing has failed, but the page has not come up: a connection may be stuck, or the device is slow. */
  async function checkLate(): Promise<void> {
    if (hasStarted) return
    root.dataset.boot = 'failed'
    if (await isComplete([])) await pause(LATE_MS)
    if (!hasStarted) await recover()
  }

  addEventListener(
    'error',
    ({ target }) => {
      if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') void loadStyles(target)
      // The other case is an exception: what came as a module is none of ours.
      else if (!hasStarted && (target instanceof HTMLScriptElement || target === window)) void recover()
    },
    true,
  )
  // What came with another type counts as loaded in some browsers. (A load event does not reach the window.)
  document.addEventListener(
    'load',
    ({ target }) => {
      const isStyles = target instanceof HTMLLinkElement && target.rel === 'stylesheet'
      if (isStyles && getComputedStyle(root).getPropertyValue(A_TOKEN) === '') void loadStyles(target)
    },
    true,
  )
  addEventListener('vite:preloadError', (event) => {
    const url = /https?:\/\/\S+?\.(?:js|css)\b/.exec(String(event.payload))?.[0]
    void recover(...(url ? [url] : []))
  })
  addEventListener('DOMContentLoaded', chooseLanguage)
  setTimeout(() => void checkLate(), LATE_MS)
  addEventListener('houselights:started', () => {
    hasStarted = true
    root.dataset.boot = 'started'
    reloads(0)
  })
})()
