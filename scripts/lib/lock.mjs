// @ts-check
import { randomUUID } from 'node:crypto'
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const HEARTBEAT_MS = 1000
/** ms without a heartbeat after which a holder on another machine, or in another container, counts as dead */
const DEAD_MS = 15_000
const GIVE_UP_MS = 15 * 60_000

/**
 * Runs `work` while holding the lock file. A dead holder is detected by its pid, or, where pids can't be compared, by its
 * missing heartbeat; so `work` must not block the event loop.
 *
 * @template T
 * @param {string} path the lock file
 * @param {() => void} onWait called once when another process holds it
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true })
  const mine = JSON.stringify({ host: hostname(), pid: process.pid, token: randomUUID() })
  const deadline = Date.now() + GIVE_UP_MS
  let isWaiting = false
  while (!create(path, mine)) {
    if (stealFromDead(path)) continue
    if (Date.now() > deadline)
      throw new Error(`another process has held the lock for too long: if none is running, delete ${path}`)
    if (!isWaiting) onWait()
    isWaiting = true
    await sleep(100)
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(path, now, now)
    } catch {}
  }, HEARTBEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    if (read(path) === mine) rmSync(path, { force: true })
  }
}

/**
 * Creates the file with its content in one atomic step: written under another name, then linked.
 *
 * @param {string} path
 * @param {string} content
 */
function create(path, content) {
  const temporary = `${path}.${randomUUID()}`
  writeFileSync(temporary, content, { flag: 'wx' })
  try {
    linkSync(temporary, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    return createWithoutLinks(path, content)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/**
 * For file systems without hard links.
 *
 * @param {string} path
 * @param {string} content
 */
function createWithoutLinks(path, content) {
  try {
    writeFileSync(path, content, { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** @param {string} path */
function stealFromDead(path) {
  const held = read(path)
  if (held === null) return true
  if (!isDead(path, held)) return false
  const temporary = `${path}.${randomUUID()}`
  try {
    renameSync(path, temporary)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    throw error
  }
  // another waiter has replaced the lock already: restore its lock
  if (read(temporary) !== held) {
    try {
      linkSync(temporary, path)
    } catch {}
  }
  rmSync(temporary, { force: true })
  return true
}

/**
 * @param {string} path
 * @param {string} held
 */
function isDead(path, held) {
  try {
    const { host, pid } = JSON.parse(held)
    if (host === hostname() && !isAlive(pid)) return true
    return Date.now() - statSync(path).mtimeMs > DEAD_MS
  } catch {
    return false
  }
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
