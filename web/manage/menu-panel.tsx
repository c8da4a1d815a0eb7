import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ManagedItemView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { managerApi } from '../lib/manager-api.js'
import { sectionsOf } from '../lib/menu-sections.js'
import { s } from '../strings/language.js'
import { ReadingProblem } from '../ui/problem.js'
import { useSettled } from '../ui/use-settled.js'
import { ConfirmDialog } from './confirm-dialog.js'
import { ItemDialog } from './item-dialog.js'
import { changedFields, type ItemFields } from './item-form.js'
import { MenuRow } from './menu-row.js'
import { useChange } from './use-change.js'
import { type ManagedMenu, useMenu } from './use-menu.js'

type Question = { about: 'new' } | { about: 'edit' | 'remove'; item: ManagedItemView }

interface SectionsProps {
  menu: ManagedMenu
  items: readonly ManagedItemView[]
  search: string
  onAsk(question: Question): void
}

function MenuSections({ menu, items, search, onAsk }: SectionsProps) {
  // where a row goes, the buttons of the next come under the finger
  const isSettled = useSettled(items.map(({ id }) => id).join())
  const places = new Map(
    sectionsOf(items, { search: '', onlyVeg: false }).flatMap((section) =>
      section.items.map((item, place) => [item, { place, isLast: place === section.items.length - 1 }]),
    ),
  )
  const sections = sectionsOf(items, { search, onlyVeg: false })
  if (items.length === 0) return <p>{s.manage.menu.empty}</p>
  if (sections.length === 0) return <p>{s.menu.notFound(search)}</p>
  return (
    <div class="menu-sections" data-settling={!isSettled}>
      {sections.map(({ id, name, items: shown }) => (
        <section key={name} aria-labelledby={id}>
          <h3 id={id}>{name === '' ? s.manage.menu.noCategory : plainText(name)}</h3>
          <ul class="rows">
            {shown.map((item) => (
              <MenuRow
                key={item.id}
                item={item}
                place={places.get(item)?.place ?? 0}
                isLast={places.get(item)?.isLast ?? false}
                problem={menu.failed?.id === item.id ? menu.failed.error : null}
                onMove={(by) => menu.move(item, by)}
                onAvailable={(available) => menu.setAvailable(item, available)}
                onEdit={() => onAsk({ about: 'edit', item })}
                onRemove={() => onAsk({ about: 'remove', item })}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  )
}

async function save(theatreId: number, item: ManagedItemView | null, fields: ItemFields): Promise<void> {
  if (!item) return void (await managerApi.addItem(theatreId, fields))
  const changed = changedFields(item, fields)
  if (Object.keys(changed).length > 0) await managerApi.changeItem(item.id, changed)
}

interface RemoveProps {
  item: ManagedItemView
  onClose(): void
  onRemoved(): void
}

function RemoveItem({ item: { id, name }, onClose, onRemoved }: RemoveProps) {
  const removal = useChange()
  return (
    <ConfirmDialog
      title={s.manage.menu.removeTitle(plainText(name))}
      text={s.manage.menu.removeText}
      submit={s.manage.remove}
      change={removal}
      onClose={onClose}
      onSubmit={() =>
        void removal
          .run(
            () => managerApi.removeItem(id),
            () => s.manage.menu.removed(plainText(name)),
          )
          .then((done) => done && onRemoved())
      }
    />
  )
}

/** A theatre's menu. */
export function MenuPanel({ theatreId }: { theatreId: number }) {
  const menu = useMenu(theatreId)
  const [search, setSearch] = useState('')
  const [question, setQuestion] = useState<Question | null>(null)
  const title = useRef<HTMLHeadingElement>(null)
  const isRemoved = useRef(false)
  const { items, reading } = menu
  const edited = question?.about === 'edit' ? question.item : null

  // the button that had the focus goes with its row
  useLayoutEffect(() => {
    if (isRemoved.current) title.current?.focus()
    isRemoved.current = false
  }, [question])

  return (
    <section class="panel" aria-labelledby="menu-title" data-menu-items={items?.length}>
      <div class="panel-head">
        <h2 id="menu-title" ref={title} tabIndex={-1}>
          {s.manage.sections.menu}
        </h2>
        <button
          type="button"
          class="primary"
          data-action="new-item"
          onClick={() => setQuestion({ about: 'new' })}
        >
          {s.manage.menu.add}
        </button>
      </div>
      <input
        type="search"
        aria-label={s.menu.search}
        placeholder={s.menu.search}
        enterKeyHint="search"
        maxLength={100}
        value={search}
        onInput={({ currentTarget }) => setSearch(currentTarget.value)}
      />
      <p class="quiet keys-hint">{s.manage.menu.keys}</p>
      <ReadingProblem reading={reading} />
      {!items && !reading.error && <p class="quiet">{s.common.opening}</p>}
      {items && <MenuSections menu={menu} items={items} search={search} onAsk={setQuestion} />}
      {(question?.about === 'new' || edited) && (
        <ItemDialog
          item={edited}
          categories={[...new Set(items?.map(({ category }) => category))].filter(Boolean)}
          save={(fields) => save(theatreId, edited, fields)}
          onSaved={reading.again}
          onClose={() => setQuestion(null)}
        />
      )}
      {question?.about === 'remove' && (
        <RemoveItem
          item={question.item}
          onClose={() => setQuestion(null)}
          onRemoved={() => {
            isRemoved.current = true
            setQuestion(null)
            reading.again()
          }}
        />
      )}
    </section>
  )
}
