import { chmodSync, chownSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkConnection } from '../../src/database/connection-check.js'
import { settleDatabaseUrl } from '../../src/database/database-url.js'
import { acquireEmbeddedServer } from '../../src/database/embedded/embedded-server.js'
import { readForeignRows } from '../../src/database/foreign-table.js'
import { applyMigrations } from '../../src/database/migrate.js'
import { explainStart } from '../../src/start-error.js'
import { makeAuthority } from '../helpers/certificates.js'
import { withClient } from '../helpers/database-template.js'
import { dataDirectory } from '../helpers/embedded-servers.js'
import { until } from '../helpers/until.js'

// sslmode and sslrootcert as libpq's manual has them (https://www.postgresql.org/docs/current/libpq-ssl.html)

/** The outcome of a start: the TLS version, `off`, or the line for the operator. */
async function start(url: string): Promise<string> {
  try {
    const settled = await settleDatabaseUrl(url)
    await applyMigrations(settled)
    return (await checkConnection(settled))?.tls ?? 'off'
  } catch (error) {
    return explainStart(error)
  }
}

/** The TLS version of the connection of `npm run import`, `off`, or the line for the operator. */
async function readFrom(url: string): Promise<string> {
  try {
    const query = 'SELECT coalesce(version, $$off$$) AS tls FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    for await (const rows of readForeignRows(url, query, '--from')) return String(rows[0]?.tls)
    return 'nothing'
  } catch (error) {
    return explainStart(error)
  }
}

t.test('a connection is as safe as sslmode says, or the start names the cure', async (t) => {
  const { authority, folder, issue } = makeAuthority(t)
  const { certificate, key } = issue('DNS:localhost')
  const directory = dataDirectory(t)
  const server = await acquireEmbeddedServer({ dataDirectory: directory })
  t.teardown(() => server.release())
  const urlOf = (host: string, query: Record<string, string> = {}) => {
    const url = new URL(server.url)
    url.hostname = host
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url.href
  }
  t.equal(await start(urlOf('127.0.0.1', { sslmode: 'prefer' })), 'off', 'prefer, without TLS at the server')
  t.match(
    await start(urlOf('127.0.0.1', { sslmode: 'require' })),
    /^DATABASE_URL asks for TLS, .*sslmode=disable/,
  )

  const { uid, gid } = statSync(join(directory, 'postgres', 'data'))
  chmodSync(folder, 0o755)
  chmodSync(key, 0o600)
  chownSync(key, uid, gid)
  await withClient(server.url, async (client) => {
    await client.query(`ALTER SYSTEM SET ssl_cert_file = '${certificate}'`)
    await client.query(`ALTER SYSTEM SET ssl_key_file = '${key}'`)
    await client.query(`ALTER SYSTEM SET ssl = on`)
    await client.query('SELECT pg_reload_conf()')
  })
  await until(async () => (await start(urlOf('127.0.0.1', { sslmode: 'require' }))).startsWith('TLS'), 'TLS')

  const sslrootcert = authority
  const cases: [host: string, query: Record<string, string>, outcome: RegExp][] = [
    ['127.0.0.1', {}, /^off$/],
    ['127.0.0.1', { sslmode: 'disable' }, /^off$/],
    ['127.0.0.1', { sslmode: 'prefer' }, /^TLS/],
    ['127.0.0.1', { sslmode: 'require' }, /^TLS/],
    ['127.0.0.1', { sslmode: 'verify-ca', sslrootcert }, /^TLS/],
    ['localhost', { sslmode: 'verify-full', sslrootcert }, /^TLS/],
    ['127.0.0.1', { sslmode: 'verify-full', sslrootcert }, /^DATABASE_URL names a host .*sslmode=verify-ca/],
    ['localhost', { sslmode: 'verify-full' }, /^DATABASE_URL .*can’t be verified .*add sslrootcert=/],
    ['localhost', { sslmode: 'require', sslrootcert: certificate }, /^DATABASE_URL .*can’t be verified/],
    ['localhost', { sslrootcert: 'system' }, /^DATABASE_URL .*can’t be verified/],
    ['localhost', { sslmode: 'verify-ca' }, /^DATABASE_URL has sslmode=verify-ca without sslrootcert: add/],
    [
      'localhost',
      { sslmode: 'verify-full', sslrootcert: '/none' },
      /^DATABASE_URL has sslrootcert=\/none, .*ENOENT/,
    ],
    ['localhost', { sslmode: 'yes' }, /^DATABASE_URL has an unknown sslmode: allowed are disable, /],
  ]
  for (const [host, query, outcome] of cases) {
    t.match(await start(urlOf(host, query)), outcome, `${host} ${new URLSearchParams(query)}`)
    const imported = await readFrom(urlOf(host, query))
    if (/\^(?:off|TLS)/.test(outcome.source)) t.match(imported, outcome, 'npm run import, too')
    else t.match(imported, new RegExp(outcome.source.replace('DATABASE_URL', '--from')))
  }
})
