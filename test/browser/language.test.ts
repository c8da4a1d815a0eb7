import { readdirSync } from 'node:fs'
import t from 'tap'
import { orderFrom } from '../helpers/customers.js'
import { linkIs, PHONE, startSite, TABLET } from './site.js'

// A language is one file in web/strings/ and one in web/strings/staff/, chosen by the browser's languages.

const site = await startSite(t, {}, { worker: true })

t.test('a Hindi browser gets Hindi texts, amounts and times', async (t) => {
  const customer = await site.visitor({ ...PHONE, locale: 'hi-IN' })
  const phone = await customer.open('/s/demo-a1')
  await phone.getByRole('heading', { level: 1, name: /सीट पर मँगाएँ/ }).waitFor()
  t.equal(await phone.locator('html').getAttribute('lang'), 'hi-IN')
  await phone.getByRole('button', { name: 'जोड़ें: एक Salted Popcorn' }).click()
  await phone.locator('[data-action=review]').click()
  await phone.getByLabel('सीट पर नकद').check()
  await phone.getByRole('button', { name: '₹180 का ऑर्डर करें' }).click()
  await phone.getByRole('heading', { level: 1, name: 'आपका ऑर्डर मिल गया' }).waitFor()
  const staff = await site.staff({ ...TABLET, locale: 'hi' })
  const board = await staff.open('/theatre/live-orders/')
  await linkIs(board)
  await board.getByRole('button', { name: 'देख लिया' }).click()
  await phone.getByRole('heading', { level: 1, name: 'आपका ऑर्डर तैयार हो रहा है' }).waitFor()
  for (const [path, title] of [
    ['/login', 'कर्मचारी साइन इन'],
    ['/theatre/seats/', 'सीट के कोड'],
    ['/account', 'खाता'],
  ] as const) {
    await board.goto(path)
    await board.getByRole('heading', { level: 1 }).waitFor()
    t.match(await board.title(), title)
  }
})

t.test('a language without a file: the browser’s next one is used, or English', async (t) => {
  const { orderId, client } = await orderFrom(site.url, 'demo-a2', { 'Masala Chai': 1 }, 'cash')
  for (const [languages, head] of [
    ["['ta', 'hi', 'en']", 'आपका ऑर्डर मिल गया'],
    ["['ta', 'de']", 'We have your order'],
    ["['en-GB', 'hi']", 'We have your order'],
  ] as const) {
    const visitor = await site.visitor(PHONE)
    await visitor.context.addInitScript(
      `Object.defineProperty(navigator, 'languages', { get: () => ${languages} })`,
    )
    await visitor.context.addCookies(
      [...client.cookies].map(([name, value]) => ({ name, value, url: site.url })),
    )
    const page = await visitor.open(`/orders/${orderId}`)
    await page.getByRole('heading', { level: 1, name: head }).waitFor()
    t.pass(`${languages}: ${head}`)
  }
})

t.test('a language file that fails to load costs the translation, not the page', async () => {
  const visitor = await site.visitor({ ...PHONE, locale: 'hi-IN' })
  await visitor.context.route(/\/assets\/hi-/, (route) => route.abort())
  const page = await visitor.open('/login')
  await page.getByRole('heading', { name: 'Staff sign-in' }).waitFor()
})

t.test('a page whose one Hindi file of two is lost is English altogether', async (t) => {
  const shell = await (await fetch(`${site.url}/login`)).text()
  const files = [...shell.matchAll(/<link rel="strings" hreflang="hi"[^>]* href="([^"]+)"/g)].map(
    ([, path = '']) => path,
  )
  t.equal(files.length, 2, 'one of all pages, one of the staff’s')
  for (const lost of files) {
    const visitor = await site.staff({ ...TABLET, locale: 'hi-IN' })
    await visitor.context.route(`**${lost}`, (route) => route.abort())
    const page = await visitor.open('/theatre/live-orders/')
    await linkIs(page)
    t.notMatch(await page.locator('body').innerText(), /[ऀ-ॿ]/, lost)
    t.match(await page.locator('html').getAttribute('lang'), /^en/)
  }
})

t.test('each language is one file, and one of the staff’s texts', async (t) => {
  const folder = new URL('../../web/strings/', import.meta.url)
  t.strictSame(readdirSync(folder).sort(), ['en.ts', 'hi.ts', 'language.ts', 'staff'])
  t.strictSame(readdirSync(new URL('staff/', folder)).sort(), ['en.ts', 'hi.ts', 'strings.ts'])
  t.strictSame(site.pageErrors, [])
})
