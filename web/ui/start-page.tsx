import { type ComponentType, render } from 'preact'
import { chooseLanguage } from '../strings/language.js'
import { Announcer } from './announce.js'

/**
 * Every page begins here: its language first, then its one component into the shell that the service sent. `title`
 * is asked for once the language is known.
 */
export async function start(Page: ComponentType, title?: () => string): Promise<void> {
  const root = document.getElementById('app')
  if (!root) throw new Error('The page has no element with the id "app".')
  // A language file that does not arrive costs the translation, not the page.
  await chooseLanguage().catch(() => {})
  if (title) document.title = `${title()} · houselights`
  render(
    <>
      <Page />
      <Announcer />
    </>,
    root,
  )
}
