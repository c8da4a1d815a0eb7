import type { MenuItemView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import type { MenuSection } from '../lib/menu-sections.js'
import { s } from '../strings/language.js'

/** items from which on a menu can be searched */
const SEARCHED_FROM = 8

interface Props {
  menu: readonly MenuItemView[]
  sections: readonly MenuSection[]
  search: string
  onlyVeg: boolean
  hasVeg: boolean
  onSearch(text: string): void
  onVeg(): void
}

/** The menu's head: search, the switch for vegetarian items, and a way to each category. */
export function MenuFilters({ menu, sections, search, onlyVeg, hasVeg, onSearch, onVeg }: Props) {
  const named = sections.filter(({ name }) => name !== '')
  return (
    <>
      <div class="menu-head">
        {menu.length >= SEARCHED_FROM ? (
          <input
            type="search"
            class="menu-search"
            aria-label={s.menu.search}
            placeholder={s.menu.search}
            enterKeyHint="search"
            maxLength={100}
            value={search}
            onInput={({ currentTarget }) => onSearch(currentTarget.value)}
          />
        ) : (
          <h2>{s.menu.title}</h2>
        )}
        {hasVeg && (
          <label class="veg-filter">
            <input type="checkbox" role="switch" aria-checked={onlyVeg} checked={onlyVeg} onChange={onVeg} />
            <span>{s.menu.onlyVeg}</span>
          </label>
        )}
      </div>
      {named.length > 1 && (
        <nav class="menu-jump" aria-label={s.menu.categories}>
          {named.map(({ id, name }) => (
            <a
              key={id}
              href={`#${id}`}
              onClick={(event) => {
                // without an entry in the history: Back leaves the menu
                event.preventDefault()
                jumpTo(id)
              }}
            >
              {plainText(name)}
            </a>
          ))}
        </nav>
      )}
    </>
  )
}

function jumpTo(id: string): void {
  const heading = document.getElementById(id)
  heading?.scrollIntoView({ block: 'start' })
  heading?.focus({ preventScroll: true })
}
