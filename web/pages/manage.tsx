import { useState } from 'preact/hooks'
import type { SignedInView } from '../../src/protocol/views.js'
import { useLiveTheatre } from '../lib/theatre-changes.js'
import { HallsPanel } from '../manage/halls-panel.js'
import { MenuPanel } from '../manage/menu-panel.js'
import { NewTheatrePanel } from '../manage/new-theatre-panel.js'
import { SettingsPanel } from '../manage/settings-panel.js'
import { StaffPanel } from '../manage/staff-panel.js'
import { TheatreChoice } from '../manage/theatre-choice.js'
import { isManager, staffTheatres } from '../staff/manager.js'
import { StaffHeader } from '../staff/staff-header.js'
import { startStaffPage } from '../staff/start-staff-page.js'
import { type TheatreName, useTheatreChoice } from '../staff/use-theatre.js'
import { st } from '../strings/staff/strings.js'
import { Choice } from '../ui/choice.js'
import { PageMessage } from '../ui/problem.js'
import { SessionGate } from '../ui/session-gate.js'

const SECTIONS = ['menu', 'settings', 'halls', 'staff'] as const
const PANELS = { menu: MenuPanel, settings: SettingsPanel, halls: HallsPanel, staff: StaffPanel }
type Section = (typeof SECTIONS)[number] | 'theatres'

function Sections({ user }: { user: SignedInView['user'] }) {
  const [added, setAdded] = useState<readonly TheatreName[]>([])
  const theatres = [...staffTheatres(user), ...added]
  const [theatreId, chooseTheatre] = useTheatreChoice(theatres)
  const [section, setSection] = useState<Section>('menu')
  const { theatre, isCurrent, restart } = useLiveTheatre(theatreId)
  const Panel = section === 'theatres' ? null : PANELS[section]
  const sections: Section[] = user.role === 'admin' ? [...SECTIONS, 'theatres'] : [...SECTIONS]
  return (
    <main class="payments manage" data-section={section}>
      <div class="live-head">
        <h1>{st.manage.title}</h1>
        <div class="live-filters">
          <TheatreChoice theatres={theatres} chosen={theatreId} onChoose={chooseTheatre} />
          <Choice
            name="section"
            label={st.manage.section}
            value={section}
            options={sections.map((each) => [each, st.manage.sections[each]])}
            onChange={(value) => setSection(sections.find((each) => each === value) ?? 'menu')}
          />
        </div>
      </div>
      <p class="quiet" role="status" data-current={isCurrent}>
        {!isCurrent && st.manage.notCurrent}
      </p>
      {Panel && theatreId !== null && <Panel key={theatreId} {...{ theatreId, theatre, restart }} />}
      {section === 'theatres' && (
        <NewTheatrePanel onAdded={({ id, name }) => setAdded((now) => [...now, { id, name }])} />
      )}
    </main>
  )
}

function Manage({ session: { user } }: { session: SignedInView }) {
  return (
    <>
      <StaffHeader here="manage" user={user} />
      {isManager(user) ? <Sections user={user} /> : <PageMessage title={st.manage.managersOnly} />}
    </>
  )
}

void startStaffPage(
  () => <SessionGate staffOnly>{(session) => <Manage session={session} />}</SessionGate>,
  () => st.manage.title,
)
