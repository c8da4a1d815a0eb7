import type { OrderView } from '../../src/protocol/views.js'
import { plainText } from '../lib/format.js'

/** What was chosen with an ordered item. */
export function Chosen({ options }: Pick<OrderView['items'][number], 'options'>) {
  if (options.length === 0) return null
  return <small class="chosen">{options.map(({ choice }) => plainText(choice)).join(', ')}</small>
}
