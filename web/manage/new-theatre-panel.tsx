import { useState } from 'preact/hooks'
import { trimBlanks } from '../../src/protocol/typed-text.js'
import { managerApi } from '../lib/manager-api.js'
import { st } from '../strings/staff/strings.js'
import { Submit, TextField } from './fields.js'
import { useChange } from './use-change.js'

/** Adds a theatre, for admins. */
export function NewTheatrePanel({ onAdded }: { onAdded(theatre: { id: number; name: string }): void }) {
  const [name, setName] = useState('')
  const [timeZone, setTimeZone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone)
  const change = useChange()

  async function add(): Promise<void> {
    await change.run(
      () => managerApi.addTheatre(name, trimBlanks(timeZone)),
      (theatre) => {
        onAdded(theatre)
        return st.manage.theatreAdded(theatre.name)
      },
    )
  }

  return (
    <section class="panel" aria-labelledby="new-theatre">
      <h2 id="new-theatre">{st.manage.addTheatre}</h2>
      <form
        class="grid-form"
        data-form="new-theatre"
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        <TextField
          name="name"
          label={st.manage.name}
          value={name}
          required
          maxLength={100}
          onText={setName}
        />
        <TextField
          name="timeZone"
          label={st.manage.timeZone}
          value={timeZone}
          required
          onText={setTimeZone}
        />
        <Submit change={change} label={st.manage.addTheatre} action="add-theatre" />
      </form>
    </section>
  )
}
