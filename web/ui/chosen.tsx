import type { OrderView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'

/** What was chosen with an ordered item. Events of release 0.1 that are replayed have no options. */
export function Chosen({ options = [] }: Partial<Pick<OrderView['items'][number], 'options'>>) {
  if (options.length === 0) return null
  return <small class="chosen">{options.map(({ choice }) => plainText(choice)).join(', ')}</small>
}
