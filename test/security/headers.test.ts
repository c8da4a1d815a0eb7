import t from 'tap'
import { postOrder } from '../helpers/customers.js'
import { parseAnswer, shakeHands } from '../helpers/handshakes.js'
import { createClient } from '../helpers/http-client.js'
import { httpHead, sendRaw } from '../helpers/raw-connection.js'
import { startService } from '../helpers/service.js'
import { DEMO_PASSWORD } from '../helpers/sign-in.js'

/** Headers of every response. */
const ALWAYS = {
  'content-security-policy': /^default-src 'self';/,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
}
const INTERNAL = /FST_|prisma|postgres|redis|ECONN|statusCode|node_modules|\bat \w+ \(|stack/i

t.test('a request target in absolute form is answered 400 and logged as no error', async (t) => {
  const { port, logs } = await startService(t, { demo: true })
  const own = `127.0.0.1:${port}`
  const targets = [`http://${own}/api/seats/demo-a1`, `http://${own}/healthz`, 'http://evil.example/', '*']
  for (const target of targets) {
    const request = httpHead(`GET ${target} HTTP/1.1`, `Host: ${own}`, 'Connection: close')
    const { text } = await sendRaw(port, request)
    t.match(parseAnswer(text), { status: 400, code: 'malformed_request' }, target)
  }
  t.notOk(logs.lines.some(({ level = 0 }) => level >= 50))
})

t.test('every response has the security headers, and every error the same form', async (t) => {
  const service = await startService(t, { demo: true, pages: true })
  const { url, port } = service
  const client = createClient(url)
  const json = { headers: { 'content-type': 'application/json' } }
  const many = `{"items":[${Array.from({ length: 3000 }, () => '{"menuItemId":1,"quantity":1}').join()}]}`
  const login = '/api/auth/login'
  const answers: [string, number, string | null][] = []
  const note = async (
    name: string,
    status: number,
    code: string | null,
    request: ReturnType<typeof client.get>,
  ) => {
    const answer = await request
    answers.push([name, status, code])
    t.match(answer, { status, headers: ALWAYS }, name)
    t.notMatch(answer.headers, { 'x-powered-by': /./ })
    t.notMatch(answer.headers, { server: /./ })
    t.notMatch(answer.headers['content-security-policy'] ?? '', /unsafe|\*|http:|https:|data:/)
    t.match(answer.headers['content-security-policy'], /frame-ancestors 'none'/)
    if (!name.startsWith('asset'))
      t.match(answer.headers['cache-control'], /no-store|no-cache/, `${name}: not stored`)
    if (code === null) return
    t.match(answer.body, { error: code, message: /\w.*\.$/ }, `${name}: the form of all errors`)
    t.match(answer.headers['content-type'], /^application\/json/)
    t.notMatch(answer.text, INTERNAL, `${name}: no internal details`)
  }
  await note('200', 200, null, client.get('/api/seats/demo-a1'))
  await note('probe', 200, null, client.get('/healthz'))
  await note('metrics', 200, null, client.get('/metrics'))
  await note('401', 401, 'unauthenticated', client.get('/api/auth/session'))
  await note('404', 404, 'not_found', client.get('/nope'))
  await note('404 of an asset', 404, 'not_found', client.get('/assets/nope.js'))
  await note('400 of a path', 400, 'malformed_path', client.get('/%E0%A4%A'))
  await note('414', 414, 'path_too_long', client.get(`/api/seats/${'x'.repeat(500)}`))
  await note('no JSON', 400, 'malformed_body', client.post(login, undefined, { ...json, raw: '{' }))
  await note('rules', 400, 'validation_failed', client.post(login, { username: 1 }))
  await note(
    'an unknown member',
    400,
    'validation_failed',
    client.post(login, { username: 'a', password: 'b', x: 1 }),
  )
  await note(
    '415',
    415,
    'unsupported_media_type',
    client.post(login, undefined, { raw: '<a/>', headers: { 'content-type': 'text/xml' } }),
  )
  await note(
    'a form',
    415,
    'unsupported_media_type',
    client.post(login, undefined, {
      raw: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
  )
  await note(
    'text/plain',
    415,
    'unsupported_media_type',
    client.post(login, undefined, {
      raw: '{"username":"staff","password":"houselights-demo"}',
      headers: { 'content-type': 'text/plain' },
    }),
  )
  await note(
    '413',
    413,
    'body_too_large',
    client.post('/api/seats/demo-a1/orders', undefined, { ...json, raw: many }),
  )
  await note(
    '413 of a webhook',
    413,
    'body_too_large',
    client.post('/webhooks/payments', undefined, { ...json, raw: 'x'.repeat(66_000) }),
  )
  await note(
    '400 of a webhook',
    400,
    null,
    client.post('/webhooks/payments', undefined, { ...json, raw: '{}' }),
  )
  await note(
    'host',
    400,
    'disallowed_host',
    client.get('/api/seats/demo-a1', { headers: { host: 'evil.example' } }),
  )
  for (const raw of ['{"__proto__":{"role":"admin"}}', '{"constructor":{"prototype":{"role":"admin"}}}']) {
    await note('prototype keys', 400, 'malformed_body', client.post(login, undefined, { ...json, raw }))
  }
  t.equal(Reflect.get({}, 'role'), undefined)
  for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${port + 1}`]) {
    await note('cross-origin', 403, 'cross_origin', client.post(login, {}, { headers: { origin } }))
  }
  for (const site of ['cross-site', 'same-site']) {
    const headers = { 'sec-fetch-site': site, origin: url }
    await note(site, 403, 'cross_origin', client.post('/api/auth/logout', {}, { headers }))
  }
  await postOrder(client)
  await note('the caller’s own', 200, null, client.get('/api/auth/session'))
  await note('a page', 200, null, client.get('/login'))
  const { text } = await client.get('/login')
  t.notMatch(
    text,
    /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i,
    'no inline scripts or styles',
  )
  const [, asset = ''] = /(\/assets\/[\w.-]+\.js)/.exec(text) ?? []
  await note('asset', 200, null, client.get(asset))
  t.ok(answers.length > 20)
})

t.test('responses to unparsable requests have the right status and code', async (t) => {
  const { port } = await startService(t)
  const bad: [name: string, bytes: string, status: number, code: string][] = [
    ['no HTTP', 'BLAH\r\n\r\n', 400, 'malformed_request'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'malformed_request'],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'malformed_request'],
    ['no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'disallowed_host'],
    ['a bare CR', 'GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n', 400, 'malformed_request'],
    ['NUL in a header', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n', 400, 'malformed_request'],
    ['NUL in the path', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'malformed_request'],
    ['folded headers', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n', 400, 'malformed_request'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400, 'malformed_request'],
    [
      '40 KB of headers',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
  ]
  for (const [name, bytes, status, code] of bad) {
    const { text, closed } = await sendRaw(port, Buffer.from(bytes, 'latin1'))
    const answer = parseAnswer(text)
    t.match(answer, { status, rest: '' }, name)
    t.equal(answer.code, code, name)
    t.ok(closed)
    t.notMatch(text, INTERNAL)
  }
})

t.test('500 and 503 reveal no internal details', async (t) => {
  const service = await startService(t, { demo: true })
  const { app, url, port, logs } = service
  const client = createClient(url)
  await client.post('/api/auth/login', { username: 'staff', password: DEMO_PASSWORD })
  const pools = [app.db, app.rawDb, app.liveDb].map((db) => ({ db, query: db.$queryRaw }))
  const fail = (error: Error) => {
    for (const { db } of pools) Reflect.set(db, '$queryRaw', () => Promise.reject(error))
  }
  const restore = () => {
    for (const { db, query } of pools) Reflect.set(db, '$queryRaw', query)
  }
  for (const [error, status, code] of [
    [new Error('column "secret_column" of prisma at /srv/app/node_modules/x.js'), 500, 'internal_error'],
    [
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' }),
      503,
      'unavailable',
    ],
  ] as const) {
    fail(error)
    const expected = { status, headers: ALWAYS, body: { error: code } }
    const answer = await createClient(url).post('/api/auth/login', { username: 'staff', password: 'x' })
    restore()
    t.match(answer, expected)
    t.notMatch(answer.text, INTERNAL)
    if (status === 503) t.match(answer.headers, { 'retry-after': /^\d+$/ })
  }
  fail(new Error('redis and prisma are down'))
  const session = await client.get('/api/auth/session')
  t.match(
    session,
    { status: 503, body: { error: 'unavailable' } },
    'a failed session look-up gives no access',
  )
  const shake = await shakeHands(port, { path: '/ws/all-seat-datasocket/', cookie: client.cookie })
  t.match(shake, { status: 503, code: 'unavailable' })
  t.notMatch(shake.body, INTERNAL)
  restore()
  t.ok(
    logs.lines.some(({ level }) => level === 50),
    'the error is logged',
  )
})
