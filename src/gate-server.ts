import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadGateConfig } from './config/gate-config.js'
import { ConfigError } from './config/reader.js'
import { settleDatabaseUrl } from './database/database-url.js'
import { DatabaseUrlError } from './database/database-url-error.js'
import { BACKLOG } from './fastify-instance.js'
import { type GateFile, GateFileError, readGateFile } from './gate/gate-file.js'
import { createGate } from './gate-app.js'
import { onStopSignals } from './stop-signals.js'

/** ms that a shutdown may take beyond the drain before the process exits anyway */
const SHUTDOWN_GRACE_MS = 10_000

/** The process of the gate: environment, gate.json, signals, drain. */
async function main(): Promise<void> {
  const path = process.argv[2]
  if (path === undefined)
    throw new GateFileError(['usage: npm run gate -- gate.json, or in a release node gate.js gate.json'])
  const config = loadGateConfig(process.env)
  const file = readGateFile(readText(path), process.env)
  const stop = new AbortController()
  onStopSignals(
    ['SIGTERM', 'SIGINT'],
    (signal) => stop.abort(signal),
    () => process.exit(1),
  )
  const databaseUrl = await settleDatabaseUrl(config.django.databaseUrl, 'DJANGO_DATABASE_URL')
  const app = await createGate({ ...config, django: { ...config.django, databaseUrl } }, file)
  const { host, port } = file.listen ?? config
  if (!stop.signal.aborted) {
    await app.listen({ host, port, backlog: BACKLOG })
    announce(file, app.server.address())
    if (!stop.signal.aborted) await once(stop.signal, 'abort')
  }
  app.log.info({ signal: stop.signal.reason }, 'draining')
  setTimeout(
    () => process.exit(1),
    (config.lameDuckSeconds + config.drainSeconds) * 1000 + SHUTDOWN_GRACE_MS,
  ).unref()
  await app.close()
  process.exit(0)
}

function readText(path: string): string {
  try {
    return readFileSync(resolve(process.env.INIT_CWD ?? '.', path), 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unreadable'
    throw new GateFileError([
      `${JSON.stringify(path)} can’t be read (${code}): name the gate’s file, as gate.json`,
    ])
  }
}

function announce({ routes }: GateFile, address: string | { address: string; port: number } | null): void {
  if (typeof address !== 'object' || !address) return
  if (process.send) process.send({ type: 'listening', port: address.port })
  const name = address.address.includes(':') ? `[${address.address}]` : address.address
  // stdout is for log lines only
  process.stderr.write(
    `houselights: the gate listens on http://${name}:${address.port} for ${routes.length} routes\n`,
  )
}

/** One line for each mistake. Nothing of a connection's settings is quoted: they hold passwords. */
function explain(error: unknown): string[] {
  if (error instanceof GateFileError) return [...error.problems]
  if (error instanceof ConfigError || error instanceof DatabaseUrlError) return [error.message]
  if (!(error instanceof Error)) return [String(error)]
  const code = 'code' in error ? String(error.code) : ''
  const message = error.message.replace(/\s+/g, ' ').trim()
  if ('syscall' in error && error.syscall === 'listen')
    return [`listen: the address can’t be used (${message || code})`]
  if (code !== '' || /timeout|terminated|SASL|SCRAM|password|SSL|TLS/i.test(message))
    return [`DJANGO_DATABASE_URL names a database that can’t be used: ${message || code}`]
  return [error.stack ?? message]
}

main().catch((error: unknown) => {
  for (const line of explain(error)) process.stderr.write(`houselights: the gate can’t start: ${line}\n`)
  process.exit(1)
})
