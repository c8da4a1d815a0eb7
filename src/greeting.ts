import type { Config } from './config/config.js'

/** The URL at which a browser on this machine reaches a port of the service. */
export function baseUrl({ host }: Pick<Config, 'host'>, port: number): string {
  const name = ['0.0.0.0', '::', '127.0.0.1'].includes(host) ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** What the terminal shows once the service listens: its URLs, and the demo accounts if there are any. */
export function greeting(config: Config, { port, hasDemo }: { port: number; hasDemo: boolean }): string {
  const base = baseUrl(config, port)
  const lines = ['', `houselights is up at ${base}`]
  if (hasDemo) {
    lines.push(
      `  staff     ${base}/login   (staff, staff2, manager or admin; password houselights-demo)`,
      `  customer  ${base}/s/demo-a1   (seat tokens: demo-a1 … demo-e10, demo2-a1 …)`,
    )
  }
  lines.push(`  API       ${base}/docs   (HTTP calls and sockets)`)
  if (config.redisUrl === null)
    lines.push(
      '  REDIS_URL is unset: other processes on this database receive events within 2 s, not immediately.',
    )
  return `${lines.join('\n')}\n\n`
}
