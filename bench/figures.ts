/** One row of the results: the samples of each subject, one for each repetition. */
export interface Figure {
  name: string
  unit: string
  samples: Record<string, number[]>
  /** what issue and documents ask for, as a ratio of two subjects */
  goals?: readonly Goal[]
}

export interface Goal {
  of: string
  to: string
  atMost?: number
  atLeast?: number
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? upper)) / 2 : upper
}

/** Three significant digits. */
function shown(value: number): string {
  if (value >= 100) return value.toLocaleString('en-US', { maximumFractionDigits: 0 })
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

const spread = (values: readonly number[]) =>
  values.length < 2 ? '' : ` (${shown(Math.min(...values))}–${shown(Math.max(...values))})`

/** A Markdown table: median and spread of each subject, then the ratios to the goals. */
export function tableOf(title: string, figures: readonly Figure[]): string {
  const subjects = [...new Set(figures.flatMap(({ samples }) => Object.keys(samples)))]
  const rows = figures.map(({ name, unit, samples }) => [
    `${name} (${unit})`,
    ...subjects.map((subject) => {
      const values = samples[subject]
      return values ? `${shown(median(values))}${spread(values)}` : ''
    }),
  ])
  const head = [title, ...subjects]
  const lines = [head, head.map((_, column) => (column === 0 ? '---' : '--:')), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** One line for each goal: the ratio, and whether it is met. */
export function goalsOf(figures: readonly Figure[]): string[] {
  return figures.flatMap(({ name, samples, goals = [] }) =>
    goals.flatMap(({ of, to, atMost, atLeast }) => {
      const [own, other] = [samples[of], samples[to]]
      if (!own || !other) return []
      const ratio = median(own) / median(other)
      const met = ratio <= (atMost ?? Number.POSITIVE_INFINITY) && ratio >= (atLeast ?? 0)
      const asked = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`
      return [`${name}: ${of} is ${shown(ratio)} × ${to}; ${asked} is asked for${met ? '' : ': not met'}`]
    }),
  )
}

/** Adds a sample. */
export function note(samples: Record<string, number[]>, subject: string, value: number): void {
  const values = samples[subject] ?? []
  values.push(value)
  samples[subject] = values
}
