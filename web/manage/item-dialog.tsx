import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { MAX_DESCRIPTION, MAX_NAME, MAX_OPTIONS, MAX_PRICE } from '../../src/protocol/menu-limits.js'
import type { Diet, ManagedItemView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'
import { f, s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FieldProblemText, Submit, saved, TextField } from './fields.js'
import {
  emptyItem,
  emptyOption,
  type FieldProblems,
  type ItemFields,
  readItem,
  type TypedItem,
  typedOf,
} from './item-form.js'
import { refusedFields } from './manage-problem.js'
import { OptionFields } from './option-fields.js'
import { useChange } from './use-change.js'
import { useTyped } from './use-typed.js'

const DIETS: readonly Diet[] = ['vegetarian', 'non_vegetarian', 'egg']

interface Props {
  /** null: a new one */
  item: ManagedItemView | null
  /** of the menu, to choose from */
  categories: readonly string[]
  save(fields: ItemFields): Promise<unknown>
  onSaved(): void
  onClose(): void
}

/** The dialog in which a manager adds or changes an item. What is wrong stands at its field, which gets the focus. */
export function ItemDialog({ item, categories, save, onSaved, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const now = useMemo(() => (item ? typedOf(item) : emptyItem()), [item])
  const { typed, set: setTyped } = useTyped(now)
  const [attempts, setAttempts] = useState(0)
  const [refused, setRefused] = useState<FieldProblems>({})
  const change = useChange()
  const problems = attempts === 0 ? {} : { ...refused, ...readItem(typed).problems }
  const problemAt = (path: string): string | undefined => {
    const problem = problems[path]
    return problem && st.manage.menu.problems[problem](f.money(MAX_PRICE))
  }
  function set(change: Partial<TypedItem>): void {
    setTyped(change)
    setRefused({})
  }
  useEffect(() => dialog.current?.showModal(), [])
  useEffect(() => {
    dialog.current?.querySelector<HTMLElement>('[aria-invalid=true], [data-invalid=true]')?.focus()
  }, [attempts])

  async function submit(): Promise<void> {
    const { fields, problems: found } = readItem(typed)
    setRefused({})
    if (Object.keys(found).length === 0) {
      const done = await change.run(
        () =>
          save(fields).catch((error: unknown) => {
            setRefused(refusedFields(error))
            throw error
          }),
        saved,
      )
      if (done) {
        onSaved()
        return dialog.current?.close()
      }
    }
    setAttempts((now) => now + 1)
  }

  return (
    <dialog ref={dialog} class="sheet" aria-labelledby={id} onClose={onClose}>
      <header class="sheet-head">
        <h2 id={id}>{item ? st.manage.menu.changeTitle(plainText(item.name)) : st.manage.menu.add}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {st.manage.cancel}
        </button>
      </header>
      <form
        class="issue-form item-form"
        noValidate
        data-form="menu-item"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <ItemInputs {...{ typed, set, problemAt, categories }} />
        <Options {...{ typed, set, problemAt }} />
        <Submit change={change} label={st.manage.save} action="save-item" />
      </form>
    </dialog>
  )
}

interface PartProps {
  typed: TypedItem
  set(now: Partial<TypedItem>): void
  problemAt(path: string): string | undefined
}

function ItemInputs({ typed, set, problemAt, categories }: PartProps & { categories: readonly string[] }) {
  const id = useId()
  const invalid = (path: string) =>
    problemAt(path) === undefined
      ? {}
      : ({ 'aria-invalid': true, 'aria-describedby': `${id}-${path}` } as const)
  return (
    <>
      <TextField
        name="name"
        label={st.manage.name}
        maxLength={MAX_NAME}
        problem={problemAt('name')}
        value={typed.name}
        onText={(name) => set({ name })}
      />
      <TextField
        name="price"
        label={st.manage.menu.price}
        inputMode="decimal"
        problem={problemAt('price')}
        value={typed.price}
        onText={(price) => set({ price })}
      />
      <div class="field-box">
        <label class="field">
          <span>{st.manage.menu.category}</span>
          <input
            type="text"
            name="category"
            list={`${id}-categories`}
            autocomplete="off"
            maxLength={MAX_NAME}
            {...invalid('category')}
            value={typed.category}
            onInput={({ currentTarget }) => set({ category: currentTarget.value })}
          />
        </label>
        <FieldProblemText id={`${id}-category`} problem={problemAt('category')} />
      </div>
      <datalist id={`${id}-categories`}>
        {categories.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <label class="field">
        <span>{st.manage.menu.diet}</span>
        <select
          name="diet"
          value={typed.diet ?? ''}
          onChange={({ currentTarget: { value } }) =>
            set({ diet: DIETS.find((diet) => diet === value) ?? null })
          }
        >
          <option value="">{st.manage.menu.dietUnknown}</option>
          {DIETS.map((diet) => (
            <option key={diet} value={diet}>
              {s.menu.diets[diet]}
            </option>
          ))}
        </select>
      </label>
      <div class="field-box">
        <label class="field">
          <span>{st.manage.menu.description}</span>
          <textarea
            name="description"
            rows={2}
            maxLength={MAX_DESCRIPTION}
            {...invalid('description')}
            value={typed.description}
            onInput={({ currentTarget }) => set({ description: currentTarget.value })}
          />
        </label>
        <FieldProblemText id={`${id}-description`} problem={problemAt('description')} />
      </div>
    </>
  )
}

function Options({ typed: { options }, set, problemAt }: PartProps) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const focusNext = useRef<string | null>(null)
  useLayoutEffect(() => {
    if (focusNext.current) list.current?.querySelector<HTMLElement>(focusNext.current)?.focus()
    focusNext.current = null
  }, [options])
  return (
    <div class="option-list" ref={list}>
      <h3>{st.manage.menu.options}</h3>
      <p class="quiet">{st.manage.menu.optionsHint}</p>
      <FieldProblemText id={id} problem={problemAt('options')} />
      {options.map((option, place) => (
        <OptionFields
          key={option.key}
          option={option}
          place={place}
          problemAt={(path) => problemAt(`options.${place}.${path}`)}
          onFocusNext={(selector) => {
            focusNext.current = selector
          }}
          onChange={(now) => set({ options: options.map((each) => (each === option ? now : each)) })}
          onRemove={() => {
            focusNext.current = '[data-action=add-option]'
            set({ options: options.filter((each) => each !== option) })
          }}
        />
      ))}
      <button
        type="button"
        data-action="add-option"
        disabled={options.length >= MAX_OPTIONS}
        onClick={() => {
          const option = emptyOption()
          focusNext.current = `[data-key="${option.key}"] input`
          set({ options: [...options, option] })
        }}
      >
        {st.manage.menu.addOption}
      </button>
    </div>
  )
}
