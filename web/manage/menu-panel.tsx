import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { byCategory } from '../../src/protocol/menu-order.js'
import type { ManagedItemView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { managerApi } from '../lib/manager-api.js'
import { sectionsOf } from '../lib/menu-sections.js'
import { s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FetchProblem } from '../ui/problem.js'
import { ConfirmDialog } from './confirm-dialog.js'
import { ItemDialog } from './item-dialog.js'
import { changedFields, type ItemFields } from './item-form.js'
import { CategoryHead, RenameCategory } from './menu-category.js'
import { MenuRow } from './menu-row.js'
import type { PanelProps } from './panel-props.js'
import { PictureDialog } from './picture-dialog.js'
import { useChange } from './use-change.js'
import { useDrag } from './use-drag.js'
import { type ManagedMenu, useMenu } from './use-menu.js'

type Question =
  | { about: 'new' }
  | { about: 'edit' | 'picture' | 'remove'; item: ManagedItemView }
  | { about: 'rename'; category: string }

interface SectionsProps {
  menu: ManagedMenu
  items: readonly ManagedItemView[]
  search: string
  timeZone: string | undefined
  onAsk(question: Question): void
}

function MenuSections({ menu, items, search, timeZone, onAsk }: SectionsProps) {
  const list = useDrag(menu.move)
  const whole = [...byCategory(items)]
  const places = new Map(whole.flatMap(([, all]) => all.map((item, place) => [item.id, place])))
  const edges = { first: whole[0]?.[1][0]?.id, last: whole.at(-1)?.[1].at(-1)?.id }
  const sections = sectionsOf(items, { search, onlyVeg: false })
  const problemOf = (at: number | string): unknown => (menu.failed?.at === at ? menu.failed.error : null)
  return (
    <div class="menu-sections" ref={list}>
      {items.length === 0 && <p>{st.manage.menu.empty}</p>}
      {items.length > 0 && sections.length === 0 && <p>{s.menu.notFound(search)}</p>}
      {sections.map(({ id, name, items: shown }) => (
        <section key={name} aria-labelledby={id} data-category={name}>
          <CategoryHead
            id={id}
            category={name}
            isFirst={whole[0]?.[0] === name}
            isLast={whole.at(-1)?.[0] === name}
            problem={problemOf(name)}
            onStep={(by) => menu.stepCategory(name, by)}
            onRename={() => onAsk({ about: 'rename', category: name })}
          />
          <ul class="rows">
            {shown.map((item) => (
              <MenuRow
                key={item.id}
                {...{ item, timeZone }}
                place={places.get(item.id) ?? 0}
                canStep={{ up: item.id !== edges.first, down: item.id !== edges.last }}
                hasHandle={search.trim() === ''}
                problem={problemOf(item.id)}
                onStep={menu.step}
                onAvailable={menu.setAvailable}
                onAsk={(about, asked) => onAsk({ about, item: asked })}
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
      title={st.manage.menu.removeTitle(plainText(name))}
      text={st.manage.menu.removeText}
      submit={st.manage.remove}
      change={removal}
      onClose={onClose}
      onSubmit={() =>
        void removal
          .run(
            () => managerApi.removeItem(id),
            () => st.manage.menu.removed(plainText(name)),
          )
          .then((done) => done && onRemoved())
      }
    />
  )
}

/** A theatre's menu. */
export function MenuPanel({ theatreId, theatre, restart }: PanelProps) {
  const menu = useMenu(theatreId, theatre?.menu, restart)
  const [search, setSearch] = useState('')
  const [question, setQuestion] = useState<Question | null>(null)
  const title = useRef<HTMLHeadingElement>(null)
  const timeZone = theatre?.settings.timeZone
  const isGone = useRef(false)
  const { items, fetching } = menu

  // the button that had the focus goes with its row, or its category
  useLayoutEffect(() => {
    if (isGone.current) title.current?.focus()
    isGone.current = false
  }, [question])
  function closeGone(): void {
    isGone.current = true
    setQuestion(null)
    fetching.reload()
  }

  return (
    <section class="panel" aria-labelledby="menu-title" data-menu-items={items?.length}>
      <div class="panel-head">
        <h2 id="menu-title" ref={title} tabIndex={-1}>
          {st.manage.sections.menu}
        </h2>
        <button
          type="button"
          class="primary"
          data-action="new-item"
          onClick={() => setQuestion({ about: 'new' })}
        >
          {st.manage.menu.add}
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
      <p class="quiet keys-hint">{st.manage.menu.keys}</p>
      <FetchProblem fetching={fetching} />
      {!items && !fetching.error && <p class="quiet">{s.common.opening}</p>}
      {items && <MenuSections {...{ menu, items, search, timeZone }} onAsk={setQuestion} />}
      {question && (
        <Answer
          {...{ theatreId, question }}
          items={items ?? []}
          onChanged={fetching.reload}
          onGone={closeGone}
          onClose={() => setQuestion(null)}
        />
      )}
    </section>
  )
}

interface AnswerProps {
  theatreId: number
  question: Question
  items: readonly ManagedItemView[]
  onChanged(): void
  /** what it was about is no longer there */
  onGone(): void
  onClose(): void
}

/** The dialog of a question. It shows what other managers change of the item meanwhile. */
function Answer({ theatreId, question, items, onChanged, onGone, onClose }: AnswerProps) {
  if (question.about === 'rename')
    return <RenameCategory {...{ theatreId, onClose }} category={question.category} onRenamed={onGone} />
  const asked = question.about === 'new' ? null : question.item
  const item = asked && (items.find(({ id }) => id === asked.id) ?? asked)
  if (item && question.about === 'picture') return <PictureDialog {...{ item, onChanged, onClose }} />
  if (item && question.about === 'remove') return <RemoveItem {...{ item, onClose }} onRemoved={onGone} />
  return (
    <ItemDialog
      item={item}
      categories={[...new Set(items.map(({ category }) => category))].filter(Boolean)}
      save={(fields) => save(theatreId, item, fields)}
      onSaved={onChanged}
      onClose={onClose}
    />
  )
}
