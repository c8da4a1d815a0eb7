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

const BEAT_MS = 1000
/** ms without a beat after which a holder on another machine, or in another container, counts as dead */
const DEAD_MS = 15_000
const GIVE_UP_MS = 15 * 60_000

/**
 * Runs `work` while no other process on these files does. A holder that died is found out by its pid, or, where
 * pids can't be compared, by the beat that it no longer gives; so `work` must not block the event loop.
 *
 * @template T
 * @param {string} path the lock's file
 * @param {() => void} onWait called once when another process holds it
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true })
  const mine = JSON.stringify({ host: hostname(), pid: process.pid, token: randomUUID() })
  const deadline = Date.now() + GIVE_UP_MS
  let told = false
  while (!create(path, mine)) {
    if (stealFromDead(path)) continue
    if (Date.now() > deadline)
      throw new Error(`another process has been preparing for too long; delete ${path} if none is`)
    if (!told) onWait()
    told = true
    await sleep(100)
  }
  const beat = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(path, now, now)
    } catch {}
  }, BEAT_MS)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    if (read(path) === mine) rmSync(path, { force: true })
  }
}

/**
 * The file appears with its content whole: written aside, then linked.
 *
 * @param {string} path
 * @param {string} content
 */
function create(path, content) {
  const aside = `${path}.${randomUUID()}`
  writeFileSync(aside, content, { flag: 'wx' })
  try {
    linkSync(aside, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    return createWithoutLinks(path, content)
  } finally {
    rmSync(aside, { force: true })
  }
}

/**
 * For file systems that know no hard links.
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
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    throw error
  }
  // another waiter was quicker, and this is its fresh lock: give it back
  if (read(aside) !== held) {
    try {
      linkSync(aside, path)
    } catch {}
  }
  rmSync(aside, { force: true })
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
