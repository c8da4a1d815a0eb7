import { useState } from 'preact/hooks'
import { remember } from '../lib/storage.js'
import { s } from '../strings/language.js'
import { LANGUAGES } from './choose-language.js'

const root = document.documentElement

/** A language's name in itself. */
const nameOf = (tag: string): string => new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag

/** At the end of customers' pages: light or dark, and the language; both are kept in this browser. */
export function PageChoices() {
  const [scheme, setScheme] = useState(root.dataset.scheme)
  const other = scheme === 'dark' ? 'light' : 'dark'
  const language = root.lang.split('-')[0]

  function switchScheme(): void {
    remember('scheme', other)
    root.dataset.scheme = other
    setScheme(other)
  }
  function switchLanguage(tag: string): void {
    remember('language', tag)
    location.reload()
  }
  return (
    <footer class="page-choices">
      <button type="button" data-action="scheme" onClick={switchScheme}>
        {other === 'dark' ? s.common.dark : s.common.light}
      </button>
      {LANGUAGES.filter((tag) => tag !== language).map((tag) => (
        <button key={tag} type="button" lang={tag} data-language={tag} onClick={() => switchLanguage(tag)}>
          {nameOf(tag)}
        </button>
      ))}
    </footer>
  )
}
