import { type ComponentType, render } from 'preact'
import { chooseLanguage } from '../lib/i18n.js'
import { Announcer } from './announce.js'

/** Every page begins here: its language first, then its one component into the shell that the service sent. */
export async function start(Page: ComponentType): Promise<void> {
  const root = document.getElementById('app')
  if (!root) throw new Error('The page has no element with the id "app".')
  // A language file that does not arrive costs the translation, not the page.
  await chooseLanguage().catch(() => {})
  render(
    <>
      <Page />
      <Announcer />
    </>,
    root,
  )
}
