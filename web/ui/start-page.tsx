import { type ComponentType, render } from 'preact'
import { ignoreInputMethods } from '../lib/keys.js'
import { registerWorker } from '../lib/service-worker.js'
import { guardTouches } from '../lib/touch-guard.js'
import { Announcer } from './announce.js'
import { chooseLanguage, type LoadMore } from './choose-language.js'
import { guardPage } from './page-guard.js'

/**
 * Entry point of every page: picks the language, then renders the component. `title` is called after that. `loadMore` loads
 * further texts in that language.
 */
export async function startPage(
  Page: ComponentType,
  title?: () => string,
  loadMore?: LoadMore,
): Promise<void> {
  const root = document.getElementById('app')
  if (!root) throw new Error('The page has no element with the id "app".')
  guardPage()
  ignoreInputMethods()
  // Without boot.js a <meta> would load the page again; it works, so that must not happen.
  if (!('boot' in document.documentElement.dataset)) window.stop()
  try {
    await chooseLanguage(loadMore)
  } catch {
    // A file is lost: boot.js gets the page's files and reloads it.
    return
  }
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
