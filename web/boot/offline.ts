// The signed-out shell, which the service worker shows where the network fails. It loads the page that was asked for as
// soon as anything answers there: a network's sign-in page too, as without a worker.

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 15_000
const ANSWER_MS = 10_000

/** The words of the browser's first language that has any, or of English. */
function chooseLanguage(): void {
  const notes = [...document.querySelectorAll<HTMLElement>('main[lang]')]
  const languages = [...navigator.languages.map((tag) => tag.split('-')[0]?.toLowerCase()), 'en']
  const chosen = languages.find((language) => notes.some(({ lang }) => lang === language)) ?? 'en'
  for (const note of notes) if (note.lang !== chosen) note.remove()
  document.documentElement.lang = chosen
  const title = document.querySelector('h1')?.textContent
  if (title) document.title = `${title} · houselights`
}

async function isAnswered(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const { type, status } = await fetch(location.href, {
      method: 'HEAD',
      cache: 'no-store',
      redirect: 'manual',
      signal,
    })
    return type === 'opaqueredirect' || status < 500
  } catch {
    return false
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

async function comeBack(): Promise<void> {
  let wait = FIRST_WAIT_MS
  do {
    await pause(wait)
    wait = Math.min(LONGEST_WAIT_MS, wait * 2)
  } while (!(await isAnswered()))
  location.reload()
}

chooseLanguage()
void comeBack()

export {}
