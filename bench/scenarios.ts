import type { Figure } from './figures.js'
import { measureChanges } from './scenarios/changes.js'
import { measureDeliveries } from './scenarios/deliveries.js'
import { measureGate } from './scenarios/gate.js'
import { measureHandshakes } from './scenarios/handshakes.js'
import { measureMemory } from './scenarios/memory.js'
import { measureNodes } from './scenarios/nodes.js'
import { measureOrders } from './scenarios/orders.js'
import { measureRestarts } from './scenarios/restarts.js'
import { measureScale } from './scenarios/scale.js'
import { measureStarts } from './scenarios/starts.js'
import { measureTracing } from './scenarios/tracing.js'
import type { World } from './world.js'

export interface Scenario {
  /** for --only */
  name: string
  title: string
  measure(world: World): Promise<Figure[]>
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'changes', title: 'A stored change', measure: (world) => measureChanges(world) },
  { name: 'deliveries', title: 'Deliveries', measure: measureDeliveries },
  { name: 'handshakes', title: 'Handshakes', measure: measureHandshakes },
  { name: 'memory', title: 'Memory that is kept', measure: measureMemory },
  { name: 'starts', title: 'A start', measure: measureStarts },
  { name: 'restarts', title: 'A killed process', measure: measureRestarts },
  { name: 'nodes', title: 'Two nodes', measure: measureNodes },
  { name: 'orders', title: 'Orders', measure: measureOrders },
  { name: 'tracing', title: 'Tracing', measure: measureTracing },
  { name: 'gate', title: 'The gate', measure: measureGate },
  { name: 'scale', title: 'Growth', measure: measureScale },
]
