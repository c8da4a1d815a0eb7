import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { createRequestIds } from '../../../plugins/http/request-id.js'

const OWN = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const GIVEN = '4bf92f3577b34da6a3ce929d0e0e4736'

const from = (remoteAddress: string, id?: string) =>
  ({
    headers: id === undefined ? {} : { 'x-request-id': id },
    socket: { remoteAddress },
  }) as unknown as IncomingMessage

t.test('a trusted proxy names the request, and nobody else', async (t) => {
  const idOf = createRequestIds(['10.0.0.0/8', 'loopback'])
  for (const proxy of ['10.1.2.3', '127.0.0.1', '::1', '::ffff:10.1.2.3'])
    t.equal(idOf(from(proxy, GIVEN)), GIVEN, proxy)
  for (const stranger of ['192.0.2.1', '2001:db8::1', '']) t.match(idOf(from(stranger, GIVEN)), OWN, stranger)
  t.match(createRequestIds([])(from('127.0.0.1', GIVEN)), OWN, 'without TRUST_PROXY')
})

t.test('an id in another form is replaced', async (t) => {
  const idOf = createRequestIds(['loopback'])
  const forms = [
    '',
    'short',
    'a'.repeat(65),
    'with blank inside',
    'line\nbreak',
    '98765%0a43210',
    `${GIVEN}, ${GIVEN}`,
  ]
  for (const form of forms) t.match(idOf(from('127.0.0.1', form)), OWN, JSON.stringify(form))
  for (const form of ['a1b2c3d4', 'a'.repeat(64), '123e4567-e89b-12d3-a456-426614174000'])
    t.equal(idOf(from('127.0.0.1', form)), form)
})

t.test('generated ids are unique, also among nodes', async (t) => {
  const nodes = [createRequestIds([]), createRequestIds([])]
  const ids = nodes.flatMap((idOf) => Array.from({ length: 1000 }, () => idOf(from('192.0.2.1'))))
  t.equal(new Set(ids).size, 2000)
})
