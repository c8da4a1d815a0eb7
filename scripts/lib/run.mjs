// @ts-check
import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { root } from './paths.mjs'

/** An expected error: the script ends with its message, without a stack trace. */
export class ScriptError extends Error {}

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/** @param {NodeJS.Signals} signal */
function forward(signal) {
  for (const child of running) child.kill(signal)
  process.exit(signal === 'SIGINT' ? 130 : 143)
}

/**
 * Runs a Node program of this project to completion, forwarding signals that this process receives meanwhile.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, show?: boolean }} [options] show: output goes to the terminal instead of being collected
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runNode(file, args, { env = {}, show = false } = {}) {
  return runProgram(process.execPath, [file, ...args], { env, show })
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, show?: boolean }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
function runProgram(program, args, { env = {}, show = false } = {}) {
  return new Promise((resolve, reject) => {
    // stdout is for the service's log and the commands' output only
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: show ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'],
      // npm is a .cmd file on Windows
      shell: process.platform === 'win32' && program === 'npm',
    })
    if (running.size === 0) for (const signal of SIGNALS) process.on(signal, forward)
    running.add(child)
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      output += text
    })
    const done = () => {
      running.delete(child)
      if (running.size === 0) for (const signal of SIGNALS) process.off(signal, forward)
    }
    child.on('error', (error) => {
      done()
      reject(error)
    })
    child.on('close', (code) => {
      done()
      resolve({ code: code ?? 1, output })
    })
  })
}

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/**
 * Runs npm: the one that started this process, or else the one on the PATH.
 *
 * @param {string[]} args
 */
export function runNpm(args) {
  const started = process.env.npm_execpath
  if (started && basename(started) === 'npm-cli.js') return runNode(started, args)
  return runProgram('npm', args)
}

/**
 * Awaits a step that must succeed; on failure prints its output and ends the script.
 *
 * @param {string} what
 * @param {Promise<{ code: number, output: string }>} step
 * @returns {Promise<string>} its output
 */
export async function must(what, step) {
  const { code, output } = await step
  if (code === 0) return output
  process.stderr.write(output)
  throw new ScriptError(`${what} failed (exit code ${code}): see above`)
}

/**
 * Whether the system denied a write: the clone belongs to another user, or is on a read-only file system.
 *
 * @param {unknown} error
 * @returns {error is Error}
 */
export function isPermissionError(error) {
  return error instanceof Error && 'code' in error && DENIED.includes(String(error.code))
}

const DENIED = ['EACCES', 'EPERM', 'EROFS']

/**
 * The top level of every script: prints expected errors in one line.
 *
 * @param {() => Promise<unknown>} main
 */
export async function script(main) {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof ScriptError) && !isPermissionError(error)) throw error
    const remedy = isPermissionError(error) ? ': run it as the user who owns the project’s folder' : ''
    process.stderr.write(`houselights: ${error.message}${remedy}\n`)
    process.exitCode = 1
  }
}
