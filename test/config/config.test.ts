import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { type Config, ConfigError, loadConfig } from '../../src/config/config.js'

const SECRET = 'k'.repeat(32)
const PRODUCTION = {
  NODE_ENV: 'production',
  SECRET_KEY: SECRET,
  DATABASE_URL: 'postgresql://user:hunter2@db.example.com/houselights',
  PAYMENT_PROVIDER: 'razorpay',
  PAYMENT_WEBHOOK_SECRET: 'whsec',
  RAZORPAY_KEY_ID: 'rzp_id',
  RAZORPAY_KEY_SECRET: 'rzp_secret',
}

function load(t: Test, env: NodeJS.ProcessEnv = {}): Config {
  return loadConfig(env, { dataDirectory: t.testdir() })
}

/** Checks that loading fails with a one-line error about the variable, and returns its message. */
function refusal(t: Test, env: NodeJS.ProcessEnv, variable: string): string {
  try {
    load(t, env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    t.equal(error.variable, variable)
    t.ok(error.message.startsWith(`${variable} `), error.message)
    t.notMatch(error.message, /[\n\r\u2028]/)
    return error.message
  }
  t.fail(`${variable} was accepted`, { env })
  return ''
}

t.test('the defaults', async (t) => {
  const dataDirectory = t.testdir()
  const config = loadConfig({}, { dataDirectory })
  const { secrets, payments, push, ...rest } = config
  t.strictSame(rest, {
    environment: 'development',
    isProduction: false,
    dataDirectory,
    host: '127.0.0.1',
    port: 3000,
    databaseUrl: null,
    redisUrl: null,
    allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
    allowedOrigins: [],
    publicUrl: null,
    trustedProxies: [],
    session: {
      cookieName: 'sessionid',
      idleSeconds: 3600,
      absoluteSeconds: 43_200,
      secure: false,
      sameSite: 'lax',
    },
    sockets: {
      maxPayloadBytes: 16_384,
      heartbeatSeconds: 25,
      maxPerUser: 20,
      maxRefusals: 30,
    },
    rateLimits: true,
    orderPaymentMinutes: 30,
    lameDuckSeconds: 0,
    drainSeconds: 5,
    metricsToken: null,
    eventRetentionHours: 24,
    personalDataDays: 30,
    tracing: null,
    logLevel: 'info',
  })
  t.equal(secrets.length, 1)
  t.equal(payments.provider, 'simulated')
  t.equal(payments.webhookSecrets.length, 1)
  t.not(secrets[0], payments.webhookSecrets[0])
  t.equal(payments.autoRefund, true)
})

t.test('the configuration is deeply frozen', async (t) => {
  const config = load(t, { ALLOWED_HOSTS: 'a.example' })
  t.throws(() => Object.assign(config, { port: 1 }), TypeError)
  t.throws(() => Object.assign(config.session, { secure: true }), TypeError)
  t.throws(() => Array.prototype.push.call(config.allowedHosts, '*'), TypeError)
  t.throws(() => Array.prototype.push.call(config.secrets, 'x'), TypeError)
})

t.test('an empty variable counts as unset', async (t) => {
  const config = load(t, {
    PORT: '',
    REDIS_URL: '',
    ALLOWED_HOSTS: '',
    SESSION_COOKIE_SECURE: '',
    SECRET_KEY: '',
  })
  t.match(config, { port: 3000, redisUrl: null, session: { secure: false } })
  refusal(t, { ...PRODUCTION, SECRET_KEY: '' }, 'SECRET_KEY')
})

t.test('integer variables and their bounds', async (t) => {
  const variables: Record<string, (config: Config) => number> = {
    PORT: (config) => config.port,
    SESSION_COOKIE_AGE: (config) => config.session.idleSeconds,
    SESSION_ABSOLUTE_AGE: (config) => config.session.absoluteSeconds,
    WS_MAX_PAYLOAD: (config) => config.sockets.maxPayloadBytes,
    WS_HEARTBEAT_SECONDS: (config) => config.sockets.heartbeatSeconds,
    WS_MAX_PER_USER: (config) => config.sockets.maxPerUser,
    WS_REFUSALS: (config) => config.sockets.maxRefusals,
    ORDER_PAYMENT_MINUTES: (config) => config.orderPaymentMinutes,
    LAME_DUCK_SECONDS: (config) => config.lameDuckSeconds,
    DRAIN_SECONDS: (config) => config.drainSeconds,
    EVENT_RETENTION_HOURS: (config) => config.eventRetentionHours,
    PERSONAL_DATA_DAYS: (config) => config.personalDataDays,
  }
  for (const [name, read] of Object.entries(variables)) {
    t.equal(read(load(t, { [name]: '7' })), 7, name)
    for (const bad of ['x', '-1', '1.5', '1e3', '0x10', ' 7', '7 ', '+7', '٧', '99999999999999999999']) {
      refusal(t, { [name]: bad }, name)
    }
    if (!['PORT', 'LAME_DUCK_SECONDS', 'DRAIN_SECONDS'].includes(name)) refusal(t, { [name]: '0' }, name)
  }
  t.equal(load(t, { PORT: '0' }).port, 0)
  t.equal(load(t, { DRAIN_SECONDS: '0' }).drainSeconds, 0)
  t.equal(load(t, { LAME_DUCK_SECONDS: '0' }).lameDuckSeconds, 0)
  t.match(refusal(t, { PORT: '65536' }, 'PORT'), /"65536".*0 to 65535/)
})

t.test(
  'EVENT_RETENTION_HOURS: events hold chat texts, so they are kept no longer than personal data',
  async (t) => {
    t.equal(load(t, { EVENT_RETENTION_HOURS: '720' }).eventRetentionHours, 720)
    t.match(refusal(t, { EVENT_RETENTION_HOURS: '721' }, 'EVENT_RETENTION_HOURS'), /is 721: .* 1 to 720\./)
    const long = { EVENT_RETENTION_HOURS: '8760', PERSONAL_DATA_DAYS: '365' }
    t.equal(load(t, long).eventRetentionHours, 8760)
  },
)

t.test('switches and enumerated values', async (t) => {
  for (const [text, value] of [
    ['true', true],
    ['True', true],
    ['1', true],
    ['on', true],
    ['false', false],
    ['False', false],
    ['0', false],
    ['OFF', false],
  ] as const) {
    t.equal(load(t, { SESSION_COOKIE_SECURE: text }).session.secure, value)
    t.equal(load(t, { RATE_LIMITS: text }).rateLimits, value, `RATE_LIMITS=${text}`)
  }
  for (const variable of ['SESSION_COOKIE_SECURE', 'RATE_LIMITS'])
    for (const bad of ['yes', 'y', 't', '2', ' '])
      t.match(refusal(t, { [variable]: bad }, variable), /must be true, false, 1, 0, on or off\./)
  t.equal(load(t, { SESSION_COOKIE_SAMESITE: 'Strict' }).session.sameSite, 'strict')
  for (const bad of ['None', 'none', 'lax'])
    refusal(t, { SESSION_COOKIE_SAMESITE: bad }, 'SESSION_COOKIE_SAMESITE')
  refusal(t, { NODE_ENV: 'prod' }, 'NODE_ENV')
  refusal(t, { LOG_LEVEL: 'verbose' }, 'LOG_LEVEL')
  refusal(t, { PAYMENT_PROVIDER: 'stripe' }, 'PAYMENT_PROVIDER')
  t.match(refusal(t, { LOG_LEVEL: 'a\nb\u2028c' }, 'LOG_LEVEL'), /trace, debug, info/)
})

t.test('ALLOWED_HOSTS', async (t) => {
  const { allowedHosts, allowedOrigins } = load(t, {
    ALLOWED_HOSTS:
      'Shop.example.com, .example.org,127.0.0.1,[::1],https://shop.example.com:8443,http://10.0.0.7,',
  })
  t.strictSame(allowedHosts, ['shop.example.com', '.example.org', '127.0.0.1', '[::1]'])
  t.strictSame(allowedOrigins, ['https://shop.example.com:8443', 'http://10.0.0.7'])
  t.strictSame(load(t, { ALLOWED_HOSTS: '*' }).allowedHosts, ['*'])
  const bad = [
    'example.com:8000',
    '*.example.com',
    'exa mple.com',
    '::1',
    '[::1',
    '[fe80::1%eth0]',
    '.',
    '-a.example',
    'a..b',
    'example.com.',
    'a_b',
    'https://shop.example.com',
    '*,https://shop.example.com/',
    '*,https://shop.example.com:443',
    '*,HTTPS://shop.example.com',
    '*,ftp://shop.example.com',
    '*,https://u@shop.example.com',
    '*,https://Shop.example.com',
    '*,https://shop.example.com.',
    '*,https://',
    '*,https://shop.example.com?a',
  ]
  for (const text of bad) refusal(t, { ALLOWED_HOSTS: text }, 'ALLOWED_HOSTS')
})

t.test('TRUST_PROXY', async (t) => {
  t.strictSame(load(t, { TRUST_PROXY: 'off' }).trustedProxies, [])
  t.strictSame(load(t, { TRUST_PROXY: 'loopback, 10.0.0.0/8,::1,fd00::/8' }).trustedProxies, [
    'loopback',
    '10.0.0.0/8',
    '::1',
    'fd00::/8',
  ])
  for (const bad of [
    'true',
    '*',
    '1',
    'proxy.example.com',
    '10.0.0.0/33',
    '0.0.0.0/0',
    '::/129',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '10.0.0.0/',
    'loopback,off',
  ]) {
    refusal(t, { TRUST_PROXY: bad }, 'TRUST_PROXY')
  }
})

t.test('HOST', async (t) => {
  for (const host of ['0.0.0.0', '::', 'node-1.example.com']) t.equal(load(t, { HOST: host }).host, host)
  for (const host of ['localhost', 'LocalHost'])
    t.equal(load(t, { HOST: host }).host, '127.0.0.1', 'one address, one server')
  for (const bad of ['[::]', '127.0.0.1:80', 'http://localhost', 'a b', '.example.com'])
    refusal(t, { HOST: bad }, 'HOST')
})

t.test('URLs are validated, and never appear in errors', async (t) => {
  t.equal(
    load(t, { REDIS_URL: 'rediss://:pw@r.example.com:6380/1' }).redisUrl,
    'rediss://:pw@r.example.com:6380/1',
  )
  for (const name of ['DATABASE_URL', 'REDIS_URL']) {
    for (const bad of ['mysql://user:hunter2@db/x', 'hunter2', '//hunter2']) {
      t.notMatch(refusal(t, { [name]: bad }, name), /hunter2/)
    }
  }
})

t.test('one host is allowed in DATABASE_URL', async (t) => {
  for (const bad of [
    'postgres://u:hunter2@a:5432,b:5432/x?target_session_attrs=read-write',
    'postgres://u:hunter2@a,b/x',
    'postgresql:///x?password=hunter2&host=a%2Cb',
  ])
    t.match(
      refusal(t, { DATABASE_URL: bad }, 'DATABASE_URL'),
      /several hosts \(several_hosts\): allowed is one/,
    )
  const url = 'postgres://u:a,b@db/x?options=a,b'
  t.equal(load(t, { DATABASE_URL: url }).databaseUrl, url)
})

t.test('tracing is on where the collector is named, and off where OpenTelemetry is disabled', async (t) => {
  const on = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.com/otlp/' }
  const url = 'https://collector.example.com/otlp/v1/traces'
  t.same(load(t, on).tracing, { url, headers: {}, serviceName: 'houselights', sampleRatio: 1 })
  t.equal(load(t, { ...on, OTEL_SDK_DISABLED: 'true' }).tracing, null)
  t.equal(load(t, { OTEL_SERVICE_NAME: 'orders', OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }).tracing, null)
  const more = {
    OTEL_SERVICE_NAME: 'orders',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20eDp5, x-tenant=7',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.05',
  }
  const headers = { authorization: 'Basic eDp5', 'x-tenant': '7' }
  t.same(load(t, { ...on, ...more }).tracing, { url, headers, serviceName: 'orders', sampleRatio: 0.05 })
  const ratio = { ...on, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' }
  for (const bad of ['2', '-1', '50%', '.5', 'x'])
    refusal(t, { ...ratio, OTEL_TRACES_SAMPLER_ARG: bad }, 'OTEL_TRACES_SAMPLER_ARG')
  refusal(t, { OTEL_TRACES_SAMPLER: 'xray' }, 'OTEL_TRACES_SAMPLER')
  refusal(t, { OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://x:4317' }, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  for (const bad of ['hunter2', 'a=%zz', 'a=hunter2%0a', 'a b=hunter2'])
    t.notMatch(refusal(t, { OTEL_EXPORTER_OTLP_HEADERS: bad }, 'OTEL_EXPORTER_OTLP_HEADERS'), /hunter2/)
})

t.test('SESSION_COOKIE_NAME', async (t) => {
  t.equal(load(t, { SESSION_COOKIE_SECURE: 'true' }).session.cookieName, '__Host-sessionid')
  t.equal(load(t, { SESSION_COOKIE_NAME: 'sid', SESSION_COOKIE_SECURE: 'true' }).session.cookieName, 'sid')
  for (const bad of [
    '__Host-sessionid',
    '__host-x',
    '__Secure-x',
    'a b',
    'a=b',
    'a;b',
    'é',
    'x'.repeat(65),
  ]) {
    refusal(t, { SESSION_COOKIE_NAME: bad }, 'SESSION_COOKIE_NAME')
  }
})

t.test('payments: earlier webhook secrets, refunds, and the address of a stand-in', async (t) => {
  const { payments } = load(t, {
    ...PRODUCTION,
    PAYMENT_WEBHOOK_SECRET_FALLBACKS: 'old, older',
    AUTO_REFUND: 'off',
    RAZORPAY_API_URL: 'http://127.0.0.1:4000/',
  })
  t.match(payments, {
    webhookSecrets: ['whsec', 'old', 'older'],
    autoRefund: false,
    apiUrl: 'http://127.0.0.1:4000',
  })
  refusal(t, { ...PRODUCTION, AUTO_REFUND: 'perhaps' }, 'AUTO_REFUND')
  refusal(t, { ...PRODUCTION, RAZORPAY_API_URL: 'razorpay' }, 'RAZORPAY_API_URL')
})

t.test('production requires explicit and secure settings', async (t) => {
  const config = load(t, PRODUCTION)
  t.match(config, {
    isProduction: true,
    session: { secure: true, cookieName: '__Host-sessionid' },
    payments: {
      provider: 'razorpay',
      webhookSecrets: ['whsec'],
      autoRefund: true,
      apiUrl: null,
      keys: { id: 'rzp_id', secret: 'rzp_secret' },
    },
  })
  const { SECRET_KEY, DATABASE_URL, PAYMENT_PROVIDER, ...rest } = PRODUCTION
  refusal(t, { ...rest, DATABASE_URL, PAYMENT_PROVIDER }, 'SECRET_KEY')
  // SECRET_KEY is reported first, even if the provider is wrong too
  refusal(t, { NODE_ENV: 'production', DATABASE_URL }, 'SECRET_KEY')
  refusal(t, { NODE_ENV: 'production', SECRET_KEY }, 'DATABASE_URL')
  refusal(t, { ...PRODUCTION, RATE_LIMITS: 'off' }, 'RATE_LIMITS')
  refusal(t, { ...PRODUCTION, PAYMENT_PROVIDER: 'simulated' }, 'PAYMENT_PROVIDER')
  refusal(t, { ...PRODUCTION, PAYMENT_PROVIDER: '' }, 'PAYMENT_PROVIDER')
  const keys = ['RAZORPAY_KEY_ID', 'RAZORPAY_KEY_SECRET'] as const
  for (const key of keys) refusal(t, { ...PRODUCTION, [key]: '' }, key)
  t.match(
    loadConfig(
      { ...PRODUCTION, RAZORPAY_KEY_ID: '', RAZORPAY_KEY_SECRET: '' },
      { dataDirectory: t.testdir() },
    ),
    { payments: { provider: 'razorpay', keys: null } },
    'without both keys the service starts, but no payment can',
  )
})

t.test('PUBLIC_URL is an origin; https in production', async (t) => {
  for (const [given, kept] of [
    ['https://order.example.com', 'https://order.example.com'],
    ['https://Order.example.com:443/', 'https://order.example.com'],
    ['https://order.example.com:8443', 'https://order.example.com:8443'],
    ['http://192.168.1.5:3000/', 'http://192.168.1.5:3000'],
  ] as const)
    t.equal(load(t, { PUBLIC_URL: given }).publicUrl, kept)
  for (const given of [
    'order.example.com',
    'ftp://order.example.com',
    'https://order.example.com/menu',
    'https://order.example.com/?a',
    'https://order.example.com/#',
    'https://user:pass@order.example.com',
    'https://',
  ])
    t.match(refusal(t, { PUBLIC_URL: given }, 'PUBLIC_URL'), /allowed is https:\/\/ or http:\/\//)
  t.equal(
    load(t, { ...PRODUCTION, PUBLIC_URL: 'https://order.example.com' }).publicUrl,
    'https://order.example.com',
  )
  t.match(
    refusal(t, { ...PRODUCTION, PUBLIC_URL: 'http://order.example.com' }, 'PUBLIC_URL'),
    /allowed is https:\/\/ with a host/,
  )
})

t.test('secrets are validated, and never appear in errors', async (t) => {
  const fallback = 'f'.repeat(40)
  t.strictSame(load(t, { SECRET_KEY: SECRET, SECRET_KEY_FALLBACKS: `${fallback}, ${SECRET}x` }).secrets, [
    SECRET,
    fallback,
    `${SECRET}x`,
  ])
  t.notMatch(refusal(t, { SECRET_KEY: 'hunter2' }, 'SECRET_KEY'), /hunter2/)
  t.notMatch(
    refusal(t, { SECRET_KEY_FALLBACKS: `${fallback},hunter2` }, 'SECRET_KEY_FALLBACKS'),
    /hunter2|fff/,
  )
  t.notMatch(refusal(t, { METRICS_TOKEN: 'hunter2 two' }, 'METRICS_TOKEN'), /hunter2/)
  t.equal(load(t, { METRICS_TOKEN: 'hunter2' }).metricsToken, 'hunter2')
})

t.test('secrets are generated once and readable by their owner only', async (t) => {
  const dataDirectory = join(t.testdir(), 'a/b')
  const first = loadConfig({}, { dataDirectory })
  const second = loadConfig({}, { dataDirectory })
  t.strictSame(second.secrets, first.secrets)
  t.strictSame(second.payments.webhookSecrets, first.payments.webhookSecrets)
  t.ok((first.secrets[0] ?? '').length >= 32)
  t.strictSame(readdirSync(dataDirectory).sort(), [
    'payment-webhook-secret',
    'secret-key',
    'vapid-private-key',
  ])
  for (const name of readdirSync(dataDirectory))
    t.equal(statSync(join(dataDirectory, name)).mode & 0o777, 0o600)
})

const PAIR = {
  VAPID_PUBLIC_KEY: 'BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU',
  VAPID_PRIVATE_KEY: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE',
}

t.test('the keys of Web Push: a pair, or generated, or none in production', async (t) => {
  const generated = load(t).push
  t.match(generated.keys, { publicKey: /^B[\w-]{86}$/, privateKey: /^[\w-]{43}$/, subject: /^mailto:/ })
  t.same(
    generated.hosts.map(({ host, port, secure, isLoopback }) => [host, port, secure, isLoopback]),
    [
      ['fcm.googleapis.com', 443, true, false],
      ['updates.push.services.mozilla.com', 443, true, false],
      ['.push.apple.com', 443, true, false],
      ['.notify.windows.com', 443, true, false],
    ],
  )
  t.equal(load(t, PRODUCTION).push.keys, null)
  t.match(load(t, { ...PRODUCTION, ...PAIR, PUBLIC_URL: 'https://order.example.com' }).push.keys, {
    publicKey: PAIR.VAPID_PUBLIC_KEY,
    subject: 'https://order.example.com',
  })
  t.match(load(t, { ...PRODUCTION, ...PAIR, ALLOWED_HOSTS: '.example.com' }).push.keys, {
    subject: 'https://example.com',
  })
  const { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY } = PAIR
  refusal(t, { VAPID_PUBLIC_KEY }, 'VAPID_PRIVATE_KEY')
  refusal(t, { VAPID_PRIVATE_KEY }, 'VAPID_PUBLIC_KEY')
  refusal(t, { VAPID_PRIVATE_KEY, VAPID_PUBLIC_KEY: VAPID_PRIVATE_KEY }, 'VAPID_PUBLIC_KEY')
  for (const key of ['hunter2', 'A'.repeat(43), '_'.repeat(43)])
    t.notMatch(refusal(t, { VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY: key }, 'VAPID_PRIVATE_KEY'), key)
  const damaged = t.testdir({ 'vapid-private-key': 'AAAA\n' })
  t.throws(() => loadConfig({}, { dataDirectory: damaged }), {
    variable: 'VAPID_PRIVATE_KEY',
    message: /damaged/,
  })
  for (const subject of ['me', 'mailto:', 'mailto:a b@c', 'http://example.com'])
    refusal(t, { ...PAIR, VAPID_SUBJECT: subject }, 'VAPID_SUBJECT')
  t.equal(load(t, { ...PAIR, VAPID_SUBJECT: 'mailto:a@b.example' }).push.keys?.subject, 'mailto:a@b.example')
})

t.test('hosts of push services; this machine only outside production', async (t) => {
  const hosts = 'push.example.com:8443, *.example.org,localhost:4443,http://127.0.0.1:8080,https://[::1]:9'
  t.same(
    load(t, { PUSH_HOSTS: hosts }).push.hosts.map(({ host, port }) => `${host}:${port}`),
    ['push.example.com:8443', '.example.org:443', 'localhost:4443', '127.0.0.1:8080', '[::1]:9'],
  )
  for (const host of ['localhost', 'localhost:4443', 'http://127.0.0.1:80', '[::1]:9'])
    refusal(t, { ...PRODUCTION, PUSH_HOSTS: host }, 'PUSH_HOSTS')
  for (const host of [
    ...['10.0.0.1', '8.8.8.8', '2130706433', '[fe80::1]', 'http://push.example.com', 'https://a.example/x'],
    ...['user@a.example', 'a.example:0', 'a.example:65536', 'a.example.', '*', 'ftp://a.example'],
  ])
    refusal(t, { PUSH_HOSTS: host }, 'PUSH_HOSTS')
})

t.test('nothing is written when no secret is missing, or when the configuration is invalid', async (t) => {
  const dataDirectory = join(t.testdir(), 'data')
  loadConfig(PRODUCTION, { dataDirectory })
  t.throws(() => loadConfig({ PORT: 'x' }, { dataDirectory }), ConfigError)
  t.throws(() => loadConfig({ PAYMENT_PROVIDER: 'stripe' }, { dataDirectory }), ConfigError)
  t.notOk(existsSync(dataDirectory))
})

t.test('a damaged or unreadable secret is reported, not replaced', async (t) => {
  const dataDirectory = t.testdir({ 'secret-key': 'short\n' })
  t.throws(() => loadConfig({}, { dataDirectory }), {
    variable: 'SECRET_KEY',
    message: /secret-key.*damaged/,
  })
  t.equal(readFileSync(join(dataDirectory, 'secret-key'), 'utf8'), 'short\n')
  const file = join(t.testdir({ other: {} }), 'file')
  writeFileSync(file, '')
  t.throws(() => loadConfig({}, { dataDirectory: file }), {
    variable: 'PAYMENT_WEBHOOK_SECRET',
    message: /cannot hold/,
  })
})

t.test('processes that start concurrently share one secret', async (t) => {
  const dataDirectory = join(t.testdir(), 'data')
  const code = `import { loadConfig } from ${JSON.stringify(new URL('../../src/config/config.ts', import.meta.url).href)}
    const startAt = Number(process.argv[1]); while (Date.now() < startAt);
    const c = loadConfig({}, { dataDirectory: ${JSON.stringify(dataDirectory)} })
    console.log(c.secrets[0] + ' ' + c.payments.webhookSecrets[0] + ' ' + c.push.keys.publicKey)`
  const startAt = `${Date.now() + 1000}`
  const run = promisify(execFile)
  const starts = Array.from({ length: 4 }, () =>
    run(process.execPath, ['--import=tsx', '--input-type=module', '--eval', code, startAt]),
  )
  const outputs = (await Promise.all(starts)).map(({ stdout }) => stdout)
  t.equal(new Set(outputs).size, 1)
  t.strictSame(readdirSync(dataDirectory).sort(), [
    'payment-webhook-secret',
    'secret-key',
    'vapid-private-key',
  ])
})
