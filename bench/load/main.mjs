// @ts-check
import { Calls } from './calls.mjs'
import { LoadSocket } from './sockets.mjs'

// The load, in a process of its own: opens sockets and makes calls on the commands of its parent. Each answer says which
// part of a core it used: near 1 it would be the load that is measured.

/**
 * @typedef {{ do: 'open', group: string, target: import('./sockets.mjs').Target, count: number, concurrency: number, cookies?: string[] }} Open
 *   cookies: one for each socket in turn, instead of the target's
 * @typedef {{ do: 'calls', port: number, calls: import('../changes.ts').Call[], concurrency: number, perSecond: number | null, group: string | null, frames: number }} MakeCalls
 *   perSecond: starts calls at this rate, however many are under way; null: as fast as `concurrency` allows. frames: of each
 *   call, to each socket of `group`
 * @typedef {{ do: 'rejoin', group: string }} Rejoin resolves when sockets that were cut have all joined again
 * @typedef {{ do: 'close', group: string }} Close
 * @typedef {Open | MakeCalls | Rejoin | Close} LoadCommand
 * @typedef {object} LoadResult
 * @property {number} seconds until all was done
 * @property {number[]} firstFrames of `calls`: ms from each call to its first frame, when calls go one at a time
 * @property {string[]} unexpected statuses of calls that were not 2xx, each once
 * @property {number} share of a core
 */

/** ms between two attempts of a socket that was cut; more often the refused connections would be the load */
const RETRY_MS = 200
/** ms after which what was expected is given up */
const DEADLINE_MS = 120_000

class Group {
  /**
   * @param {import('./sockets.mjs').Target} target
   * @param {readonly string[]} cookies
   */
  constructor(target, cookies) {
    this.target = target
    this.cookies = cookies
    this.opened = 0
    /** @type {Set<LoadSocket>} */
    this.sockets = new Set()
    this.received = 0
    this.joined = 0
    this.keepsOpen = true
    /** @type {(() => void)[]} */
    this.watchers = []
  }

  openOne() {
    /** @type {(value?: unknown) => void} */
    let resolve = () => {}
    const joined = new Promise((done) => {
      resolve = done
    })
    let hasJoined = false
    const cookie = this.cookies[this.opened++ % this.cookies.length] ?? this.target.cookie
    const socket = new LoadSocket(
      { ...this.target, cookie },
      {
        joined: () => {
          if (hasJoined) return
          hasJoined = true
          this.joined++
          this.notify()
          resolve()
        },
        event: () => {
          this.received++
          if (this.watchers.length > 0) this.notify()
        },
        closed: () => {
          this.sockets.delete(socket)
          if (hasJoined) this.joined--
          if (this.keepsOpen) setTimeout(() => this.keepsOpen && this.openOne().then(resolve), RETRY_MS)
        },
      },
    )
    this.sockets.add(socket)
    return joined
  }

  notify() {
    for (const watch of [...this.watchers]) watch()
  }

  /**
   * @param {() => boolean} isDone
   * @param {() => string} what
   */
  until(isDone, what) {
    if (isDone()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`gave up: ${what()}`)), DEADLINE_MS)
      const watch = () => {
        if (!isDone()) return
        clearTimeout(timer)
        this.watchers = this.watchers.filter((other) => other !== watch)
        resolve(null)
      }
      this.watchers.push(watch)
    })
  }

  close() {
    this.keepsOpen = false
    for (const socket of this.sockets) socket.destroy()
  }
}

/** @type {Map<string, Group>} */
const groups = new Map()

/** @param {string} name */
function groupNamed(name) {
  const group = groups.get(name)
  if (!group) throw new Error(`no sockets are open for ${name}`)
  return group
}

/** @param {Open} command */
async function open({ group: name, target, count, concurrency, cookies = [] }) {
  const group = groups.get(name) ?? new Group(target, cookies)
  groups.set(name, group)
  let left = count
  const worker = async () => {
    while (left-- > 0) await group.openOne()
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

/**
 * @param {MakeCalls} command
 * @param {LoadResult} result
 */
async function makeCalls(command, result) {
  // not kept for the next command: a server may be closing what is idle
  const server = new Calls(command.port)
  await makeCallsTo(server, command, result).finally(() => server.close())
}

/**
 * @param {Calls} server
 * @param {MakeCalls} command
 * @param {LoadResult} result
 */
async function makeCallsTo(server, { calls, concurrency, perSecond, group: name, frames }, result) {
  const group = name === null ? null : groupNamed(name)
  const from = group?.received ?? 0
  const sockets = group?.sockets.size ?? 0
  const arrived = (/** @type {number} */ count) => () => (group ? group.received - from >= count : true)
  const what = () => `${(group?.received ?? 0) - from} of ${calls.length * frames * sockets} frames`
  const statuses = new Set()
  const send = async (/** @type {import('../changes.ts').Call} */ call) => {
    const status = await server.send(call)
    if (status < 200 || status > 299) statuses.add(`${status} of ${call.path.replace(/\d+/, '{id}')}`)
  }
  if (concurrency === 1 && group) {
    for (const [index, call] of calls.entries()) {
      const startedAt = performance.now()
      const answered = send(call)
      await group.until(arrived(index * frames * sockets + 1), what)
      result.firstFrames.push(performance.now() - startedAt)
      await answered
      await group.until(arrived((index + 1) * frames * sockets), what)
    }
  } else if (perSecond !== null) {
    const startedAt = performance.now()
    const sent = calls.map(async (call, index) => {
      await new Promise((resolve) =>
        setTimeout(resolve, startedAt + (index * 1000) / perSecond - performance.now()),
      )
      await send(call)
    })
    await Promise.all(sent)
  } else {
    const left = [...calls].reverse()
    const worker = async () => {
      for (let call = left.pop(); call; call = left.pop()) await send(call)
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
  }
  result.unexpected.push(...statuses)
  // a refused call has no frames
  if (statuses.size === 0) await group?.until(arrived(calls.length * frames * sockets), what)
}

/** @param {Rejoin} command */
async function rejoin({ group: name }) {
  const group = groupNamed(name)
  const count = group.sockets.size
  await group.until(
    () => group.joined < count / 2,
    () => 'the sockets were not cut',
  )
  await group.until(
    () => group.joined >= count,
    () => `${group.joined} of ${count} sockets are back`,
  )
}

/**
 * @param {LoadCommand} command
 * @returns {Promise<LoadResult>}
 */
async function run(command) {
  /** @type {LoadResult} */
  const result = { seconds: 0, firstFrames: [], unexpected: [], share: 0 }
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  if (command.do === 'open') await open(command)
  else if (command.do === 'calls') await makeCalls(command, result)
  else if (command.do === 'rejoin') await rejoin(command)
  else {
    groups.get(command.group)?.close()
    groups.delete(command.group)
  }
  result.seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpu)
  result.share = (user + system) / 1e6 / result.seconds
  return result
}

process.on('message', (/** @type {LoadCommand} */ command) => {
  run(command).then(
    (result) => process.send?.(result),
    (error) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
