import type { Page } from 'playwright-core'
import sharp from 'sharp'
import t from 'tap'
import type { ManagedItemView } from '../../src/protocol/views.js'
import { deferred } from '../helpers/deferred.js'
import { signIn } from '../helpers/sign-in.js'
import { until, untilSame } from '../helpers/until.js'
import { PHONE, startSite, TABLET } from './site.js'

// Pictures of the menu: how a manager gives, replaces and removes them, and how a phone shows them.

const site = await startSite(t)
const manager = await site.staff({ ...TABLET, username: 'manager' })
const api = await signIn(site.url, 'manager')
const itemOf = async (name: string) => {
  const { menu } = (await api.get<{ menu: ManagedItemView[] }>('/api/theatres/1/menu')).body
  const item = menu.find((each) => each.name === name)
  if (!item) throw new Error(`no ${name}`)
  return item
}
const picture = (width: number, height: number, color: string) =>
  sharp({ create: { width, height, channels: 3, background: color } })
    .png()
    .toBuffer()
const row = (page: Page, id: number) => page.locator(`[data-menu-item-id="${id}"]`)
const isShown = (image: string) => `(() => {
  const image = document.querySelector(${JSON.stringify(image)})
  return Boolean(image?.complete && image.naturalWidth > 0)
})()`

async function openDialog(id: number): Promise<Page> {
  for (const other of manager.context.pages()) await other.close()
  const page = await manager.open('/theatre/manage/')
  await row(page, id).locator('[data-action=picture]').click()
  return page
}
const choose = (page: Page, name: string, mimeType: string, buffer: Buffer) =>
  page.locator('input[type=file]').setInputFiles({ name, mimeType, buffer })

t.test('a manager uploads a picture, replaces and removes it; an open phone follows', async (t) => {
  const { id } = await itemOf('Masala Chai')
  await api.delete(`/api/menu-items/${id}/picture`)
  const phone = await (await site.visitor(PHONE)).open('/s/demo-a1')
  const image = `.dish[data-menu-item-id="${id}"] img`
  await phone.locator(`.dish[data-menu-item-id="${id}"]`).scrollIntoViewIfNeeded()
  t.equal(await phone.locator(image).count(), 0)

  const page = await openDialog(id)
  await page.getByText('No picture yet.').waitFor()
  await choose(page, 'chai.png', 'image/png', await picture(900, 600, '#884400'))
  await page.locator('.saved', { hasText: 'Picture saved.' }).waitFor()
  await page.getByRole('img', { name: 'The picture of Masala Chai on the menu' }).waitFor()
  const first = (await itemOf('Masala Chai')).picture ?? ''
  await untilSame(t, 'the phone’s picture', () => phone.locator(image).getAttribute('src'), first)
  await until(() => phone.evaluate(isShown(image)), 'the phone to show it')
  t.equal(await phone.locator(image).getAttribute('alt'), '', 'the name stands beside it')
  t.equal(await phone.locator(image).getAttribute('loading'), 'lazy')

  await choose(
    page,
    'chai.webp',
    'image/webp',
    await sharp(await picture(50, 50, '#00f'))
      .webp()
      .toBuffer(),
  )
  await until(async () => (await itemOf('Masala Chai')).picture !== first, 'another picture')
  const second = (await itemOf('Masala Chai')).picture ?? ''
  await untilSame(
    t,
    'the dialog',
    () => page.locator('.picture-preview').getAttribute('data-picture'),
    second,
  )

  await page.locator('[data-action=remove-picture]').click()
  await page.getByText('It can’t be brought back').waitFor()
  t.ok((await itemOf('Masala Chai')).picture, 'not before it is confirmed')
  await page.locator('[data-action=confirm]:not([data-settling=true])').click()
  await page.getByText('No picture yet.').waitFor()
  await phone.locator(image).waitFor({ state: 'detached' })
  t.equal((await fetch(`${site.url}${second}`)).status, 404)
})

t.test('each refusal is said in words, in English and Hindi, and changes nothing', async (t) => {
  const { id, picture: before } = await itemOf('Cold Coffee')
  const small = await picture(20, 20, '#333')
  const cases = [
    ['large.png', 'image/png', Buffer.alloc(5 * 1024 * 1024 + 1), /larger than 5 MB/, /5 MB से बड़ी/],
    ['a.svg', 'image/svg+xml', Buffer.from('<svg/>'), /isn’t a JPEG, PNG or WebP/, /WebP तस्वीर नहीं/],
    ['a.png', 'image/png', Buffer.from('<svg/>'), /isn’t a JPEG, PNG or WebP/, /WebP तस्वीर नहीं/],
    ['half.png', 'image/png', small.subarray(0, small.length / 2), /is damaged/, /खराब है/],
    ['huge.png', 'image/png', await picture(7000, 6000, '#333'), /more than 40 megapixels/, /40 मेगापिक्सेल/],
  ] as const
  const page = await openDialog(id)
  for (const [name, type, bytes, words] of cases) {
    await choose(page, name, type, bytes)
    await page.getByRole('alert').filter({ hasText: words }).waitFor()
    t.pass(name)
  }
  const hindi = await site.staff({ ...TABLET, username: 'manager', locale: 'hi-IN' })
  const other = await hindi.open('/theatre/manage/')
  await row(other, id).locator('[data-action=picture]').click()
  for (const [name, type, bytes, , words] of cases) {
    await choose(other, name, type, bytes)
    await other.getByRole('alert').filter({ hasText: words }).waitFor()
    t.pass(`${name} in Hindi`)
  }
  t.equal((await itemOf('Cold Coffee')).picture, before)
})

t.test(
  'pictures keep their place while they load on a slow network, and one that is gone leaves it empty',
  async (t) => {
    const { context, open } = await site.visitor(PHONE)
    await context.addInitScript(`window.shifted = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifted += entry.value
    }).observe({ type: 'layout-shift', buffered: true })`)
    const { promise: held, resolve: release } = deferred()
    const asked: string[] = []
    await context.route('**/media/*', async (route) => {
      asked.push(route.request().url())
      await held
      if (asked.indexOf(route.request().url()) === 0) return await route.fulfill({ status: 404, body: '' })
      await route.continue()
    })
    const page = await open('/s/demo-b1')
    await page.locator('.dish img').first().waitFor({ state: 'attached' })
    await until(() => asked.length > 1, 'the first pictures')
    const boxes = () =>
      page.locator('.dish').evaluateAll((all) => all.map((each) => each.getBoundingClientRect().height))
    const before = await boxes()
    release()
    await until(
      () =>
        page.evaluate("[...document.querySelectorAll('.dish img')].some((image) => image.naturalWidth > 0)"),
      'a picture',
    )
    await until(() => page.evaluate("document.querySelector('.dish img').hidden"), 'the one that is gone')
    t.same(await boxes(), before)
    const shifted = Number(await page.evaluate('window.shifted'))
    t.ok(shifted < 0.02, `layout shift ${shifted}`)
  },
)

t.test('no page reported an error', async (t) => {
  t.strictSame(site.pageErrors, [])
})
