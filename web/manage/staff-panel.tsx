import { useState } from 'preact/hooks'
import type { StaffMemberView } from '../../src/protocol/manager-views.js'
import { trimBlanks } from '../../src/protocol/typed-text.js'
import { managerApi } from '../lib/manager-api.js'
import { pageUser } from '../lib/page-user.js'
import { useLivePart } from '../lib/theatre-changes.js'
import { s } from '../strings/language.js'
import { st } from '../strings/staff/strings.js'
import { FetchProblem, Problem } from '../ui/problem.js'
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
      () => st.manage.staffChanged(username),
    )
    if (!done) return
    setAsks(null)
    onChanged()
  }

  const questions: Record<Question, { title: string; text: string; submit: string; body: () => object }> = {
    disable: {
      title: st.manage.disableTitle(username),
      text: st.manage.disableText,
      submit: st.manage.disable,
      body: () => ({ isActive: false }),
    },
    password: {
      title: st.manage.setPasswordTitle(username),
      text: st.manage.setPasswordText,
      submit: st.manage.setPassword,
      body: () => ({ password }),
    },
    remove: {
      title: st.manage.removeTitle(username),
      text: st.manage.removeText,
      submit: st.manage.remove,
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
        <span class="tag">{manager ? st.manage.manager : st.manage.member}</span>
        {!isActive && <span class="tag">{st.manage.disabled}</span>}
        {isOwn && <span class="tag">{st.manage.you}</span>}
      </div>
      {!isOwn && (
        <div class="row-actions">
          {button(
            'manager',
            manager ? st.manage.endManager : st.manage.makeManager,
            () => void apply({ manager: !manager }),
          )}
          {isActive
            ? button('disable', st.manage.disable, () => setAsks('disable'))
            : button('enable', st.manage.enable, () => void apply({ isActive: true }))}
          {button('password', st.manage.setPassword, () => setAsks('password'))}
          {button('remove', st.manage.remove, () => setAsks('remove'))}
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
              label={st.manage.newPassword}
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
      (made) => st.manage.staffAdded(made.username),
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
        label={st.manage.username}
        required
        autocapitalize="none"
        spellcheck={false}
        value={username}
        onText={setUsername}
      />
      <TextField
        name="password"
        label={st.manage.password}
        hint={st.manage.passwordHint}
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
        <span>{st.manage.asManager}</span>
      </label>
      <Submit change={change} label={st.manage.addStaff} action="add-staff" />
    </form>
  )
}

/** The accounts of a theatre. */
export function StaffPanel({ theatreId, theatre, restart }: PanelProps) {
  const [staff, setStaff] = useState<readonly StaffMemberView[] | null>(null)
  const fetching = useLivePart<readonly StaffMemberView[]>(
    () => managerApi.staff(theatreId),
    theatre?.staff,
    restart,
    setStaff,
  )
  return (
    <section class="panel" aria-labelledby="staff-title">
      <h2 id="staff-title">{st.manage.sections.staff}</h2>
      <FetchProblem fetching={fetching} />
      {!staff && !fetching.error && <p class="quiet">{s.common.opening}</p>}
      <ul class="rows">
        {staff?.map((member) => (
          <Entry key={member.id} theatreId={theatreId} member={member} onChanged={fetching.reload} />
        ))}
      </ul>
      {staff && <NewMember theatreId={theatreId} onAdded={fetching.reload} />}
    </section>
  )
}
