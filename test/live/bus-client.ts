import type { Test } from 'tap'
import type { Bus } from '../../src/live/bus/bus.js'
import { PostgresBus } from '../../src/live/bus/postgres-bus.js'
import { settlesBefore } from '../helpers/deadline.js'
import { Mailbox } from '../helpers/mailbox.js'
import { until } from '../helpers/until.js'

interface Received {
  channel: string
  message: string
}

/** A bus and everything its listener received. */
export interface BusClient {
  bus: Bus
  received: Mailbox<Received>
  resets: Mailbox<true>
}

export function listen(bus: Bus): BusClient {
  const received = new Mailbox<Received>('bus')
  const resets = new Mailbox<true>('resets')
  bus.listener = {
    onMessage: (channel, message) => received.push({ channel, message }),
    onReset: () => resets.push(true),
  }
  return { bus, received, resets }
}

/** the prefix of every PostgresBus of this file; databases keep them apart */
export const PREFIX = `test:${process.pid}:`

export async function openPostgresBus(t: Test, url: string, ready = true): Promise<BusClient> {
  const bus = new PostgresBus(url, PREFIX)
  t.teardown(() => bus.close())
  if (ready) await until(() => bus.healthy, 'its own notice to arrive')
  return listen(bus)
}

export async function quick(t: Test, work: () => Promise<void>): Promise<void> {
  t.ok(await settlesBefore(work, 1000), 'it does not wait for the link')
}
