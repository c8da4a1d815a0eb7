import { useState } from 'preact/hooks'
import type { StaffMemberView } from '../../src/protocol/manager-views.js'
import { trimBlanks } from '../../src/protocol/typed-text.js'
import { managerApi } from '../lib/manager-api.js'
import { pageUser } from '../lib/page-user.js'
import { useLivePart } from '../lib/theatre-changes.js'
import { s } from '../strings/language.js'
import { Problem, ReadingProblem } from '../ui/problem.js'
import { ConfirmDialog } from './confirm-dialog.js'
import { Submit, TextField } from './fields.js'
import type { PanelProps } from './panel-props.js'
import { useChange } from './use-change.js'

const PASSWORD_LENGTHS = { minLength: 8, maxLength: 128 }

type Question = 'disable' | 'password' | 'remove'

interface EntryProps {
  theatreId: number
  member: StaffMemberView
  onChanged(): void
}

function Entry({ theatreId, member, onChanged }: EntryProps) {
  const { id, username, isActive, manager } = member
  const [asks, setAsks] = useState<Question | null>(null)
  const [password, setPassword] = useState('')
  const change = useChange()
  const isOwn = id === pageUser()

  async function apply(body: Parameters<typeof managerApi.changeStaff>[2]): Promise<void> {
    // no password stays in a field, whatever comes of it
    setPassword('')
    const done = await change.run(
      () => managerApi.changeStaff(theatreId, id, body),
      () => s.manage.staffChanged(username),
    )
    if (!done) return
    setAsks(null)
    onChanged()
  }

  const questions: Record<Question, { title: string; text: string; submit: string; body: () => object }> = {
    disable: {
      title: s.manage.disableTitle(username),
      text: s.manage.disableText,
      submit: s.manage.disable,
      body: () => ({ isActive: false }),
    },
    password: {
      title: s.manage.setPasswordTitle(username),
      text: s.manage.setPasswordText,
      submit: s.manage.setPassword,
      body: () => ({ password }),
    },
    remove: {
      title: s.manage.removeTitle(username),
      text: s.manage.removeText,
      submit: s.manage.remove,
      body: () => ({ member: false }),
    },
  }
  const question = asks && questions[asks]
  const button = (action: string, label: string, onClick: () => void) => (
    <button type="button" data-action={action} disabled={change.busy} onClick={onClick}>
      {label}
      <span class="visually-hidden"> {username}</span>
    </button>
  )

  return (
    <li data-user-id={id} data-manager={manager} data-active={isActive}>
      <div>
        <b>{username}</b>
        <span class="tag">{manager ? s.manage.manager : s.manage.member}</span>
        {!isActive && <span class="tag">{s.manage.disabled}</span>}
        {isOwn && <span class="tag">{s.manage.you}</span>}
      </div>
      {!isOwn && (
        <div class="row-actions">
          {button(
            'manager',
            manager ? s.manage.endManager : s.manage.makeManager,
            () => void apply({ manager: !manager }),
          )}
          {isActive
            ? button('disable', s.manage.disable, () => setAsks('disable'))
            : button('enable', s.manage.enable, () => void apply({ isActive: true }))}
          {button('password', s.manage.setPassword, () => setAsks('password'))}
          {button('remove', s.manage.remove, () => setAsks('remove'))}
        </div>
      )}
      {!asks && <Problem error={change.problem} />}
      {question && (
        <ConfirmDialog
          title={question.title}
          text={question.text}
          submit={question.submit}
          change={change}
          onClose={() => {
            setPassword('')
            setAsks(null)
          }}
          onSubmit={() => void apply(question.body())}
        >
          {asks === 'password' && (
            <TextField
              name="password"
              label={s.manage.newPassword}
              type="password"
              autocomplete="new-password"
              required
              {...PASSWORD_LENGTHS}
              value={password}
              onText={setPassword}
            />
          )}
        </ConfirmDialog>
      )}
    </li>
  )
}

function NewMember({ theatreId, onAdded }: { theatreId: number; onAdded(): void }) {
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [manager, setManager] = useState(false)
  const change = useChange()

  async function add(): Promise<void> {
    setPassword('')
    const done = await change.run(
      () =>
        managerApi.addStaff(theatreId, {
          username: trimBlanks(username),
          manager,
          ...(password === '' ? {} : { password }),
        }),
      (made) => s.manage.staffAdded(made.username),
    )
    if (!done) return
    setUsername('')
    setManager(false)
    onAdded()
  }

  return (
    <form
      class="grid-form"
      data-form="new-staff"
      onSubmit={(event) => {
        event.preventDefault()
        void add()
      }}
    >
      <TextField
        name="username"
        label={s.manage.username}
        required
        autocapitalize="none"
        spellcheck={false}
        value={username}
        onText={setUsername}
      />
      <TextField
        name="password"
        label={s.manage.password}
        hint={s.manage.passwordHint}
        type="password"
        autocomplete="new-password"
        {...PASSWORD_LENGTHS}
        value={password}
        onText={setPassword}
      />
      <label class="checkbox wide-field">
        <input
          type="checkbox"
          name="manager"
          checked={manager}
          onChange={(event) => setManager(event.currentTarget.checked)}
        />
        <span>{s.manage.asManager}</span>
      </label>
      <Submit change={change} label={s.manage.addStaff} action="add-staff" />
    </form>
  )
}

/** The accounts of a theatre. */
export function StaffPanel({ theatreId, theatre }: PanelProps) {
  const [staff, setStaff] = useState<readonly StaffMemberView[] | null>(null)
  const reading = useLivePart<readonly StaffMemberView[]>(
    () => managerApi.staff(theatreId),
    theatre?.staff,
    setStaff,
  )
  return (
    <section class="panel" aria-labelledby="staff-title">
      <h2 id="staff-title">{s.manage.sections.staff}</h2>
      <ReadingProblem reading={reading} />
      {!staff && !reading.error && <p class="quiet">{s.common.opening}</p>}
      <ul class="rows">
        {staff?.map((member) => (
          <Entry key={member.id} theatreId={theatreId} member={member} onChanged={reading.again} />
        ))}
      </ul>
      {staff && <NewMember theatreId={theatreId} onAdded={reading.again} />}
    </section>
  )
}
