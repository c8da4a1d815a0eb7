// Of compose.yaml, at each `up`: writes the nodes' environment, with secrets that are made once and kept, the database's
// password, and nginx's configuration, which is ../nginx.conf for these containers.
import { createECDH, randomBytes } from 'node:crypto'
import { chownSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'

/** the user of deploy/Dockerfile */
const SERVICE = 10001
const { DOMAIN = 'localhost', HTTPS_PORT = '443', NETWORK = '172.30.66', ROOT = '/' } = process.env
const ENVIRONMENT = join(ROOT, 'secrets/environment')

/**
 * @param {string} name
 * @param {string} value
 * @param {RegExp} allowed
 * @param {string} example
 */
function check(name, value, allowed, example) {
  if (allowed.test(value)) return
  process.stderr.write(
    `houselights: ${name} is ${JSON.stringify(value)}: allowed is one such as ${example}\n`,
  )
  process.exit(1)
}
check('DOMAIN', DOMAIN, /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, 'orders.example.com')
check('HTTPS_PORT', HTTPS_PORT, /^\d{1,5}$/, '443')
check('NETWORK', NETWORK, /^\d{1,3}\.\d{1,3}\.\d{1,3}$/, '172.30.66')

/**
 * Writes the file whole, or not at all.
 *
 * @param {string} path
 * @param {string} text
 * @param {number} mode
 */
function write(path, text, mode) {
  const temporary = `${path}.new`
  writeFileSync(temporary, text, { mode })
  if (process.getuid?.() === 0) chownSync(temporary, 0, SERVICE)
  renameSync(temporary, path)
}

const kept = existsSync(ENVIRONMENT) ? parseEnv(readFileSync(ENVIRONMENT, 'utf8')) : {}
const secret = () => randomBytes(36).toString('base64url')
const pair = createECDH('prime256v1')
pair.generateKeys()
const secrets = {
  SECRET_KEY: secret(),
  PAYMENT_WEBHOOK_SECRET: secret(),
  METRICS_TOKEN: secret(),
  DATABASE_URL: `postgresql://houselights:${secret()}@postgres:5432/houselights`,
  // of one pair: both are there, or neither
  VAPID_PUBLIC_KEY: pair.getPublicKey('base64url'),
  // a leading zero is part of the key
  VAPID_PRIVATE_KEY: Buffer.concat([Buffer.alloc(32), pair.getPrivateKey()])
    .subarray(-32)
    .toString('base64url'),
  ...kept,
}
const origin = `https://${DOMAIN}${HTTPS_PORT === '443' ? '' : `:${HTTPS_PORT}`}`
const settings = {
  ...secrets,
  REDIS_URL: 'redis://redis:6379',
  ALLOWED_HOSTS: DOMAIN,
  PUBLIC_URL: origin,
  TRUST_PROXY: `${NETWORK}.10`,
  PAYMENT_PROVIDER: 'razorpay',
}
const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
write(ENVIRONMENT, lines.join(''), 0o640)
// in a volume of its own, for PostgreSQL, whose user is another
write(join(ROOT, 'database-password/password'), new URL(settings.DATABASE_URL).password, 0o444)

const nginx = readFileSync(new URL('../nginx.conf', import.meta.url), 'utf8')
  .replace(/(?: *server 127\.0\.0\.1:\d+ max_fails=0;\n)+/, () =>
    [11, 12].map((node) => `    server ${NETWORK}.${node}:3000 max_fails=0;\n`).join(''),
  )
  .replaceAll('/etc/letsencrypt/live/orders.example.com/', '/certificates/')
  .replaceAll('https://orders.example.com', origin)
  .replaceAll('orders.example.com', DOMAIN)
  .replaceAll('/var/log/nginx/houselights.log', '/dev/stdout')
  .replaceAll('/var/log/nginx/houselights-error.log', '/dev/stderr')
  // containers have IPv4
  .replace(/^ *listen \[::\].*\n/gm, '')
write(join(ROOT, 'proxy/nginx.conf'), nginx, 0o644)
