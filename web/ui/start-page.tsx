import { type ComponentType, render } from 'preact'
import { ignoreInputMethods } from '../lib/keys.js'
import { registerWorker } from '../lib/service-worker.js'
import { guardTouches } from '../lib/touch-guard.js'
import { Announcer } from './announce.js'
import { chooseLanguage } from './choose-language.js'
import { guardPage } from './page-guard.js'

const LANGUAGE_WAIT_MS = 3000

/**
 * Entry point of every page: picks the language, then renders the component. `title` is called after that. `loadMore` loads
 * further texts in that language.
 */
export async function startPage(
  Page: ComponentType,
  title?: () => string,
  loadMore?: (language: string) => Promise<void>,
): Promise<void> {
  const root = document.getElementById('app')
  if (!root) throw new Error('The page has no element with the id "app".')
  guardPage()
  ignoreInputMethods()
  // Without boot.js a <meta> would load the page again; it works, so that must not happen.
  if (!('boot' in document.documentElement.dataset)) window.stop()
  // If the language file is lost, boot.js soon reloads the page; if not, the page stays in English.
  await chooseLanguage(loadMore).catch(() => new Promise((resolve) => setTimeout(resolve, LANGUAGE_WAIT_MS)))
  if (title) document.title = `${title()} · houselights`
  document.getElementById('boot')?.remove()
  dispatchEvent(new Event('houselights:started'))
  render(
    <>
      <Page />
      <Announcer />
    </>,
    root,
  )
  guardTouches()
  registerWorker()
}
