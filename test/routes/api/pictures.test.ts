import { createHash } from 'node:crypto'
import sharp from 'sharp'
import t from 'tap'
import type { ManagedItemView, MenuItemView } from '../../../src/protocol/views.js'
import { createClient, type HttpClient } from '../../helpers/http-client.js'
import { openRaw } from '../../helpers/raw-connection.js'
import { startService, type TestService } from '../../helpers/service.js'
import { signIn } from '../../helpers/sign-in.js'
import { until } from '../../helpers/until.js'

interface Answer {
  menuItem: ManagedItemView
  error: string
}

const drawing = (width: number, height: number, background = '#b5421f') =>
  sharp({ create: { width, height, channels: 3, background } })
const jpeg = await drawing(1200, 900)
  .jpeg()
  .withExif({ IFD0: { Copyright: 'secret-owner' }, IFD3: { GPSLatitude: '19/1 4/1 0/1' } })
  .toBuffer()
const png = await drawing(300, 200, '#1f42b5').png().toBuffer()

const put = (client: HttpClient, id: number, raw: Buffer | string, type = 'image/jpeg', more = {}) =>
  client.request<Answer>('PUT', `/api/menu-items/${id}/picture`, undefined, {
    raw,
    headers: { 'content-type': type, ...more },
  })

async function start(env: Record<string, string> = {}) {
  const service = await startService(t, { demo: true, env })
  await service.db.menuItem.updateMany({ data: { pictureHash: null } })
  const manager = await signIn(service.url, 'manager')
  const seat = async () =>
    (await manager.get<{ menu: MenuItemView[] }>('/api/seats/demo-a1')).body.menu.map(
      ({ picture }) => picture,
    )
  const [first, second] = await service.db.menuItem.findMany({
    where: { theatreId: 1 },
    orderBy: { id: 'asc' },
  })
  const [other] = await service.db.menuItem.findMany({ where: { theatreId: 2 }, orderBy: { id: 'asc' } })
  return { ...service, manager, seat, id: first?.id ?? 0, second: second?.id ?? 0, other: other?.id ?? 0 }
}

const fetchPicture = ({ url }: Pick<TestService, 'url'>, path: string | null, init: RequestInit = {}) =>
  fetch(`${url}${path}`, init)

t.test('a picture is encoded again, small and without metadata, and served for good', async (t) => {
  const site = await start()
  const { status, body } = await put(site.manager, site.id, jpeg)
  t.equal(status, 200)
  const { picture, pictureSize } = body.menuItem
  t.match(picture, /^\/media\/[0-9a-f]{64}\.webp$/)
  t.same(pictureSize, { width: 480, height: 360 })
  t.equal((await site.seat())[0], picture)

  const answer = await fetchPicture(site, picture)
  const bytes = Buffer.from(await answer.arrayBuffer())
  t.equal(createHash('sha256').update(bytes).digest('hex'), picture?.slice(7, 71))
  const found = await sharp(bytes).metadata()
  t.match(found, { format: 'webp', width: 480, height: 360 })
  t.notOk(found.exif ?? found.icc ?? found.xmp, 'no metadata')
  t.notMatch(bytes.toString('latin1'), /secret-owner/)
  const headers = Object.fromEntries(answer.headers)
  t.match(headers, {
    'content-type': 'image/webp',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'content-security-policy': /default-src 'self'/,
    'cross-origin-resource-policy': 'same-origin',
    'content-length': String(bytes.length),
  })
  t.notOk(headers['set-cookie'] ?? headers['x-houselights-user'], 'nothing of the caller')

  const head = await fetchPicture(site, picture, { method: 'HEAD' })
  t.match([head.status, head.headers.get('content-length')], [200, String(bytes.length)])
  const { etag = '' } = headers
  for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const known = await fetchPicture(site, picture, { headers: { 'if-none-match': tag } })
    t.match([known.status, known.headers.get('etag')], [304, etag], tag)
  }
  t.equal((await fetchPicture(site, picture, { headers: { 'if-none-match': '"x"' } })).status, 200)
  for (const wrong of [
    `/media/${'0'.repeat(64)}.webp`,
    '/media/x.webp',
    picture?.replace('.webp', '.svg'),
    picture?.toUpperCase(),
  ]) {
    const refused = await fetchPicture(site, wrong ?? '')
    t.match([refused.status, refused.headers.get('cache-control')], [404, 'no-store'], wrong ?? '')
  }
  t.equal((await fetchPicture(site, picture, { method: 'POST' })).status, 404)
})

t.test(
  'PNG and WebP too, whatever they are called; animations by their first frame; upright; not enlarged',
  async (t) => {
    const site = await start()
    const sizeOf = async (raw: Buffer, type: string) =>
      (await put(site.manager, site.id, raw, type)).body.menuItem.pictureSize
    t.same(await sizeOf(png, 'image/jpeg'), { width: 300, height: 200 })
    t.same(await sizeOf(png, 'application/octet-stream'), { width: 300, height: 200 })
    const frames = await sharp(
      await Promise.all(['#f00', '#0f0'].map((color) => drawing(40, 30, color).png().toBuffer())),
      { join: { animated: true } },
    )
      .webp({ loop: 0, delay: [100, 100] })
      .toBuffer()
    t.equal((await sharp(frames, { animated: true }).metadata()).pages, 2, 'it is an animation')
    t.same(await sizeOf(frames, 'image/webp'), { width: 40, height: 30 })
    const [stored] = await site.db.picture.findMany()
    const {
      pages,
      isOpaque: _,
      ...rest
    } = await sharp(stored?.bytes)
      .metadata()
      .then((found) => ({ ...found, isOpaque: true }))
    t.match([pages ?? 1, rest.format], [1, 'webp'])
    const { dominant } = await sharp(stored?.bytes).stats()
    t.ok(dominant.r > 200 && dominant.g < 60, 'the first one')
    const turned = await drawing(80, 40).jpeg().withMetadata({ orientation: 6 }).toBuffer()
    t.same(await sizeOf(turned, 'image/jpeg'), { width: 40, height: 80 })
    t.equal(await site.db.picture.count(), 1, 'replaced ones are gone')
  },
)

t.test('what is refused changes nothing', async (t) => {
  const site = await start()
  const { body } = await put(site.manager, site.id, png, 'image/png')
  const { picture } = body.menuItem
  const version = async () => (await site.db.theatre.findUniqueOrThrow({ where: { id: 1 } })).version
  const before = await version()
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
  const gif = await drawing(9, 9).gif().toBuffer()
  const tiff = await drawing(9, 9).tiff().toBuffer()
  const large = await drawing(8000, 5001).png().toBuffer()
  const largest = await drawing(8000, 5000).png().toBuffer()
  const refused: [name: string, raw: Buffer | string, type: string, status: number, error: string][] = [
    ['over 5 MB', Buffer.concat([png, Buffer.alloc(5 * 1024 * 1024)]), 'image/png', 413, 'body_too_large'],
    ['an SVG', svg, 'image/svg+xml', 415, 'not_a_picture'],
    ['an SVG called a PNG', svg, 'image/png', 415, 'not_a_picture'],
    ['a GIF', gif, 'image/gif', 415, 'not_a_picture'],
    ['a TIFF called a JPEG', tiff, 'image/jpeg', 415, 'not_a_picture'],
    ['text', 'not a picture', 'text/plain', 415, 'not_a_picture'],
    ['JSON', '{}', 'application/json', 415, 'not_a_picture'],
    ['a form', 'picture=1', 'application/x-www-form-urlencoded', 415, 'not_a_picture'],
    ['nothing', '', 'image/png', 415, 'not_a_picture'],
    ['a head alone', png.subarray(0, 8), 'image/png', 422, 'picture_unreadable'],
    ['half a PNG', png.subarray(0, png.length / 2), 'image/png', 422, 'picture_unreadable'],
    ['half a JPEG', jpeg.subarray(0, jpeg.length / 2), 'image/jpeg', 422, 'picture_unreadable'],
    ['over 40 megapixels', large, 'image/png', 422, 'picture_too_large'],
  ]
  for (const [name, raw, type, status, error] of refused) {
    const answer = await put(site.manager, site.id, raw, type)
    t.match([answer.status, answer.body?.error], [status, error], name)
  }
  t.equal((await site.seat())[0], picture)
  t.equal(await version(), before)
  t.equal(await site.db.picture.count(), 1)
  t.equal(
    (await put(site.manager, site.id, largest, 'image/png')).status,
    200,
    '40 megapixels are not too many',
  )
})

t.test(
  'only managers of the theatre and admins, and no foreign page; refused before the body arrives',
  async (t) => {
    const site = await start()
    const [staff, staff2, admin] = await Promise.all(
      ['staff', 'staff2', 'admin'].map((name) => signIn(site.url, name)),
    )
    if (!staff || !staff2 || !admin) throw new Error('somebody is missing')
    const stranger = createClient(site.url)
    const cases: [HttpClient, number, number][] = [
      [staff, site.id, 403],
      [staff2, site.id, 404],
      [stranger, site.id, 401],
      [site.manager, site.other, 404],
      [site.manager, 999_999, 404],
    ]
    for (const [client, id, status] of cases) {
      t.equal((await put(client, id, png)).status, status)
      t.equal((await client.delete(`/api/menu-items/${id}/picture`)).status, status)
    }
    const foreign = { 'sec-fetch-site': 'cross-site' }
    t.match((await put(site.manager, site.id, png, 'image/png', foreign)).body, { error: 'cross_origin' })
    const ofOther = { 'x-houselights-user': '999' }
    t.match((await put(site.manager, site.id, png, 'image/png', ofOther)).body, { error: 'other_user' })
    t.equal(await site.db.picture.count(), 0)
    t.equal((await put(admin, site.other, png)).status, 200)

    const connection = await openRaw(site.port)
    const head = [
      'PUT /api/menu-items/1/picture HTTP/1.1',
      `Host: 127.0.0.1:${site.port}`,
      'Content-Type: image/png',
    ]
    connection.write(
      `${[...head, 'Content-Length: 5000000', `Cookie: ${staff.cookie}`].join('\r\n')}\r\n\r\n`,
    )
    await until(() => connection.text.startsWith('HTTP/1.1 403'), 'the refusal')
    connection.destroy()
  },
)

t.test('a picture goes with the last item that has it, in one transaction', async (t) => {
  const site = await start()
  const admin = await signIn(site.url, 'admin')
  const paths = [site.id, site.second, site.other].map((id) => `/api/menu-items/${id}/picture`)
  const [one] = await Promise.all([site.id, site.second, site.other].map((id) => put(admin, id, png)))
  const path = one?.body.menuItem.picture ?? ''
  const served = async () => (await fetchPicture(site, path)).status
  t.equal(await site.db.picture.count(), 1, 'equal pictures are stored once')
  await admin.delete(paths[0] ?? '')
  t.equal(await served(), 200)
  t.equal((await admin.delete(`/api/menu-items/${site.second}`)).status, 204)
  t.equal(await served(), 200, 'another theatre has it')
  t.equal((await put(admin, site.other, jpeg)).status, 200)
  t.equal(await served(), 404)
  const cleared = await admin.delete<Answer>(paths[2] ?? '')
  t.match(cleared.body.menuItem, { picture: null, pictureSize: null })
  t.equal((await admin.delete(paths[2] ?? '')).status, 200, 'again')
  const json = { headers: { 'content-type': 'application/json' } }
  t.equal(
    (await admin.delete(paths[2] ?? '', json)).status,
    200,
    'as clients send it that name a type for no body',
  )
  t.equal((await admin.request('DELETE', paths[2] ?? '', {})).status, 200, 'or an empty object')
  t.equal((await createClient(site.url).delete(paths[2] ?? '', json)).status, 401)
  t.equal(await site.db.picture.count(), 0)
})

t.test('the same picture on many items of two theatres at once: none is lost, none is left', async (t) => {
  const site = await start({ RATE_LIMITS: 'off' })
  const admin = await signIn(site.url, 'admin')
  const small = await Promise.all(['#111', '#222'].map((color) => drawing(8, 8, color).png().toBuffer()))
  const ids = (await site.db.menuItem.findMany({ where: { listed: true } })).map(({ id }) => id).slice(-8)
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(
      ids.flatMap((id, at) => {
        const raw = small[(at + round) % 2] ?? png
        const clears = at % 3 === 0 ? [admin.delete(`/api/menu-items/${id}/picture`)] : []
        return [...clears, put(admin, id, raw)]
      }),
    )
    t.same(
      [...new Set(answers.map(({ status }) => status))].filter((status) => status !== 503),
      [200],
    )
  }
  const items = await site.db.menuItem.findMany({
    where: { pictureHash: { not: null } },
    include: { picture: true },
  })
  t.ok(
    items.every(({ picture }) => picture),
    'each item’s picture is there',
  )
  t.equal(await site.db.picture.count(), new Set(items.map(({ pictureHash }) => pictureHash)).size)
})

t.test('pictures count against the address, and are limited', async (t) => {
  const site = await start()
  const key = 'media:127.0.0.1'
  for (let hit = 0; hit < 12_000; hit++) await site.app.hitCounter.hit(key, 60, 12_000)
  const answer = await fetchPicture(site, `/media/${'0'.repeat(64)}.webp`)
  t.equal(answer.status, 429)
  t.ok(Number(answer.headers.get('retry-after')) > 0)
})
