import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// What every service of the whole suite wrote, and every secret that it was told meanwhile: each test file leaves
// both in the folder that this variable names, and the runner searches the one for the other when all have ended.

const FOLDER = 'HOUSELIGHTS_SUITE_OUTPUT'

/** shorter ones are found in honest lines too: `password` is a word of paths, five digits are a port */
const MIN_LENGTH = 9

interface Secret {
  what: string
  value: string
}

const outputs: (() => string)[] = []
const secrets = new Map<string, string>()
let leaving = false

/** What `read` returns at the end of this process is searched with all the rest. */
export function keepOutput(read: () => string): void {
  if (!leaving) process.once('exit', leave)
  leaving = true
  outputs.push(read)
}

/** A value that no service may write from now on; `what` says of it what a failure shall. */
export function keepSecret(what: string, value: string): void {
  if (value.length >= MIN_LENGTH) secrets.set(value, what)
}

const PASSWORDS = new Set(['password', 'currentPassword', 'newPassword'])
const PHONES = new Set(['phone', 'phone_number'])

/** The secrets of a JSON body that a test sends, however odd the rest of it is. */
export function keepSecretsOf(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'string') continue
    if (PASSWORDS.has(name)) keepSecret('a password', value)
    else if (PHONES.has(name) && /^[0-9+\- ]+$/.test(value)) {
      keepSecret('a phone number', value)
      keepSecret('a phone number’s digits', value.replace(/\D/g, ''))
    }
  }
}

/** The ids of a list of sessions: they open nothing, but end what they name. */
export function keepSessionSecrets(listed: unknown): void {
  if (!Array.isArray(listed)) return
  for (const { id } of listed as { id?: unknown }[])
    if (typeof id === 'string') keepSecret('a session’s id', id)
}

/** A session's cookie as the service sets it, `name=token.signature; attributes`: the token opens the session. */
export function keepCookieSecret(setCookie: string): void {
  const value = setCookie.split(';', 1)[0]?.replace(/^[^=]*=/, '') ?? ''
  keepSecret('a session’s token', value.split('.', 1)[0] ?? '')
}

function leave(): void {
  const folder = process.env[FOLDER]
  if (!folder) return
  for (const read of outputs) appendFileSync(join(folder, `${process.pid}.log`), `${read()}\n`)
  const lines = [...secrets].map(([value, what]) => JSON.stringify({ what, value } satisfies Secret))
  writeFileSync(join(folder, `${process.pid}.secrets`), lines.join('\n'))
}

export interface SuiteVerdict {
  /** bytes that services wrote */
  bytes: number
  secrets: number
  /** one line each; none: no secret stands anywhere */
  found: string[]
}

/** For the runner, before the first test: the folder, and what to do with it after the last one. */
export function watchSuite(): { judge(): SuiteVerdict; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'houselights-suite-'))
  process.env[FOLDER] = folder
  return {
    judge: () => judge(folder),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The secrets of one file are looked for in the lines of all. */
export function judge(folder: string): SuiteVerdict {
  const filesOf = (ending: string) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
  const known = new Map<string, string>()
  for (const line of filesOf('.secrets').flatMap((text) => text.split('\n'))) {
    if (line === '') continue
    const { what, value } = JSON.parse(line) as Secret
    known.set(value, what)
  }
  const texts = filesOf('.log')
  return {
    bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    secrets: known.size,
    found: texts.flatMap((text) => find(known, text)),
  }
}

/** Once through the text, however many secrets there are: they are looked up by how they begin. */
function find(known: ReadonlyMap<string, string>, text: string): string[] {
  const byStart = new Map<string, string[]>()
  for (const value of known.keys()) {
    const start = value.slice(0, MIN_LENGTH)
    byStart.set(start, [...(byStart.get(start) ?? []), value])
  }
  const found = new Map<string, string>()
  for (let at = 0; at + MIN_LENGTH <= text.length; at++) {
    for (const value of byStart.get(text.slice(at, at + MIN_LENGTH)) ?? []) {
      if (found.has(value) || !text.startsWith(value, at)) continue
      found.set(value, `${known.get(value)} stands in: ${lineAround(text, at).replaceAll(value, '<here>')}`)
    }
  }
  return [...found.values()]
}

function lineAround(text: string, at: number): string {
  const end = text.indexOf('\n', at)
  return text.slice(text.lastIndexOf('\n', at) + 1, end === -1 ? undefined : end).slice(0, 400)
}
