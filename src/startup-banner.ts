import type { Config } from './config/config.js'

/** The URL at which a browser on this machine reaches a port of the service. */
export function baseUrl({ host }: Pick<Config, 'host'>, port: number): string {
  const name = ['0.0.0.0', '::', '127.0.0.1'].includes(host) ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** For the log and the terminal of a start without REDIS_URL whose LISTEN has no effect. */
export const LISTEN_UNAVAILABLE =
  'LISTEN does not work through DATABASE_URL, as behind PgBouncer in transaction mode: other processes on this database ' +
  'receive events within 2 s, not immediately. Set REDIS_URL, or connect to PostgreSQL directly.'

interface Started {
  port: number
  hasDemo: boolean
  /** whether the bus between the nodes works */
  isBusUp: boolean
}

/** What the terminal shows once the service listens: its URLs, and the demo accounts if there are any. */
export function startupBanner(config: Config, { port, hasDemo, isBusUp }: Started): string {
  const base = baseUrl(config, port)
  const lines = ['', `houselights is up at ${base}`]
  if (hasDemo) {
    lines.push(
      `  staff     ${base}/login   (staff, staff2, manager or admin; password houselights-demo)`,
      `  customer  ${base}/s/demo-a1   (seat tokens: demo-a1 … demo-e10, demo2-a1 …)`,
    )
  }
  lines.push(`  API       ${base}/docs   (HTTP calls and sockets)`)
  if (config.redisUrl === null && !isBusUp) lines.push(`  ${LISTEN_UNAVAILABLE}`)
  return `${lines.join('\n')}\n\n`
}
