import type { TheatreName } from '../staff/use-theatre.js'
import { st } from '../strings/staff/strings.js'
import { Choice } from '../ui/choice.js'

interface Props {
  theatres: readonly TheatreName[]
  chosen: number | null
  onChoose(id: number): void
}

/** Which of several theatres a manager's page is about. */
export function TheatreChoice({ theatres, chosen, onChoose }: Props) {
  if (theatres.length < 2) return null
  return (
    <Choice
      name="theatre"
      label={st.board.chooseTheatre}
      value={String(chosen)}
      options={theatres.map(({ id, name }) => [String(id), name])}
      onChange={(id) => onChoose(Number(id))}
    />
  )
}
