import { type ComponentType, render } from 'preact'
import { chooseLanguage } from '../strings/choose-language.js'
import { Announcer } from './announce.js'

/** Entry point of every page: picks the language, then renders the component. `title` is called after that. */
export async function startPage(Page: ComponentType, title?: () => string): Promise<void> {
  const root = document.getElementById('app')
  if (!root) throw new Error('The page has no element with the id "app".')
  // If the language file fails to load, the page stays in English.
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
