import { isIP } from 'node:net'
import { type GuardTemplate, parseGuard } from './sql-guard.js'
import { parseUpstream, type UpstreamTemplate } from './upstream-template.js'

export type Guard =
  | { kind: 'user' | 'staff' | 'superuser' }
  /** `place` names the guard in errors */
  | { kind: 'sql'; template: GuardTemplate; place: string }

export interface GateRoute {
  /** as the router reads it: `/ws/payment-socket/:id/` */
  path: string
  parameters: string[]
  guard: Guard
  upstream: UpstreamTemplate
}

export interface DjangoNames {
  userTable: string
  userId: string
  sessionTable: string
}

/** gate.json, checked as far as that is possible without the database. */
export interface GateFile {
  /** null: HOST and PORT */
  listen: { host: string; port: number } | null
  django: DjangoNames
  routes: GateRoute[]
}

/** Mistakes in gate.json: each is one line that begins with its place, as `routes[1].guard.sql: …`. */
export class GateFileError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'GateFileError'
  }
}

type Fields = Record<string, unknown>
type Report = (place: string, problem: string) => void

const NAME = /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/
const ENGINES = ['db', 'cached_db']
const ENGINE_PREFIX = 'django.contrib.sessions.backends.'

/**
 * Reads gate.json. `env` is for `${NAME}` in upstreams.
 *
 * @throws {GateFileError} with all mistakes at once
 */
export function readGateFile(text: string, env: NodeJS.ProcessEnv): GateFile {
  const problems: string[] = []
  const report: Report = (place, problem) => void problems.push(`${place}: ${problem}`.replace(/\s+/g, ' '))
  const whole = parse(text)
  const fields = fieldsOf(whole, 'gate.json', ['listen', 'django', 'routes'], report)
  const file = {
    listen: readListen(fields.listen, report),
    django: readDjango(fields.django, report),
    routes: readRoutes(fields.routes, env, report),
  }
  if (problems.length > 0) throw new GateFileError(problems)
  return file
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const { message } = error instanceof Error ? error : { message: '' }
    // V8 quotes the text, in which somebody may have written a key
    const position = /at position \d+|line \d+ column \d+/.exec(message)?.[0] ?? ''
    throw new GateFileError([`gate.json: is not JSON ${position}`.trim()])
  }
}

function fieldsOf(value: unknown, place: string, known: readonly string[], report: Report): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(place, 'must be an object')
    return {}
  }
  const at = place === 'gate.json' ? '' : `${place}.`
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) report(`${at}${name}`, `is not known: allowed are ${known.join(', ')}`)
  }
  return { ...value }
}

function readListen(value: unknown, report: Report): GateFile['listen'] {
  if (value === undefined) return null
  const { host = '127.0.0.1', port } = fieldsOf(value, 'listen', ['host', 'port'], report)
  const isHost =
    typeof host === 'string' && (isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host))
  if (!isHost) report('listen.host', 'must be an IP address or a host name')
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    report('listen.port', 'must be an integer from 0 to 65535')
    return null
  }
  // where localhost has two addresses Fastify opens a second server, which the limits do not see
  return isHost ? { host: host.toLowerCase() === 'localhost' ? '127.0.0.1' : host, port } : null
}

function readDjango(value: unknown, report: Report): DjangoNames {
  const known = ['userTable', 'userId', 'sessionTable', 'sessionEngine']
  const fields = value === undefined ? {} : fieldsOf(value, 'django', known, report)
  const {
    userTable = 'auth_user',
    userId = 'id',
    sessionTable = 'django_session',
    sessionEngine = 'db',
  } = fields
  const engine = String(sessionEngine)
  if (!ENGINES.includes(engine.startsWith(ENGINE_PREFIX) ? engine.slice(ENGINE_PREFIX.length) : engine)) {
    report(
      'django.sessionEngine',
      `is ${JSON.stringify(sessionEngine).slice(0, 80)}: the gate reads db and cached_db only, whose sessions are in PostgreSQL`,
    )
  }
  return {
    userTable: readTable(userTable, 'django.userTable', report),
    userId: readName(userId, 'django.userId', report),
    sessionTable: readTable(sessionTable, 'django.sessionTable', report),
  }
}

function readName(value: unknown, place: string, report: Report): string {
  if (typeof value === 'string' && NAME.test(value)) return value
  report(place, 'must be a name of up to 63 letters, digits and _')
  return ''
}

function readTable(value: unknown, place: string, report: Report): string {
  const parts = typeof value === 'string' ? value.split('.') : []
  if (parts.length >= 1 && parts.length <= 2 && parts.every((part) => NAME.test(part))) return parts.join('.')
  report(place, 'must be a table’s name, with its schema or without')
  return ''
}

function readRoutes(value: unknown, env: NodeJS.ProcessEnv, report: Report): GateRoute[] {
  if (!Array.isArray(value) || value.length === 0) {
    report('routes', 'must be a list of at least one route')
    return []
  }
  const routes = value.flatMap((route, i) => readRoute(route, `routes[${i}]`, env, report) ?? [])
  const shapes = new Map<string, number>()
  for (const [i, { path }] of routes.entries()) {
    const shape = path.replace(/:\w+/g, ':').replace(/\/$/, '')
    const other = shapes.get(shape)
    if (other !== undefined) report(`routes[${i}].path`, `is the same as that of routes[${other}]`)
    else shapes.set(shape, i)
  }
  return routes
}

function readRoute(value: unknown, place: string, env: NodeJS.ProcessEnv, report: Report): GateRoute | null {
  const { path, guard, upstream } = fieldsOf(value, place, ['path', 'guard', 'upstream'], report)
  const parameters = readPath(path, `${place}.path`, report)
  if (parameters === null) return null
  const found = readGuard(guard, `${place}.guard`, parameters, report)
  const template = readUpstream(upstream, `${place}.upstream`, parameters, env, report)
  return found && template && { path: String(path), parameters, guard: found, upstream: template }
}

/** The parameters of a path; null after a mistake. */
function readPath(path: unknown, place: string, report: Report): string[] | null {
  if (typeof path !== 'string' || !/^(?:\/(?::[A-Za-z_]\w*|[A-Za-z0-9._~-]+))+\/?$/.test(path)) {
    report(place, 'must be a path of letters, digits, - . _ ~ and parts like :id')
    return null
  }
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  if (new Set(parameters).size !== parameters.length) report(place, 'names a parameter twice')
  else if (parameters.some((name) => name === 'user' || name === 'session'))
    report(place, 'must not name a parameter user or session: $user and $session have a meaning of their own')
  else if (['/healthz', '/readyz', '/metrics'].includes(path.replace(/\/$/, '')))
    report(place, 'is a path of the gate itself')
  else return parameters
  return null
}

function readGuard(value: unknown, place: string, parameters: string[], report: Report): Guard | null {
  if (value === 'user' || value === 'staff' || value === 'superuser') return { kind: value }
  if (typeof value !== 'object' || value === null) {
    report(place, 'must be "user", "staff", "superuser" or {"sql": "SELECT …"}')
    return null
  }
  const { sql } = fieldsOf(value, place, ['sql'], report)
  if (typeof sql !== 'string') {
    report(`${place}.sql`, 'must be the text of one SELECT')
    return null
  }
  try {
    const template = parseGuard(sql, ['user', 'session', ...parameters])
    return { kind: 'sql', template, place: `${place}.sql` }
  } catch (error) {
    report(`${place}.sql`, error instanceof Error ? error.message : 'is not valid')
    return null
  }
}

function readUpstream(
  value: unknown,
  place: string,
  parameters: string[],
  env: NodeJS.ProcessEnv,
  report: Report,
): UpstreamTemplate | null {
  try {
    if (typeof value !== 'string') throw new Error('must be ws://… or wss://…')
    return parseUpstream(value, parameters, env)
  } catch (error) {
    report(place, error instanceof Error ? error.message : 'is not valid')
    return null
  }
}
