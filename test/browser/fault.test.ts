import t from 'tap'
import { PHONE, startSite } from './site.js'

const site = await startSite(t)

t.test('a fault of the service has a reference on the page, by which the log line is found', async (t) => {
  // the code asks for a column that is not there
  await site.db.$executeRaw`ALTER TABLE menu_items RENAME COLUMN diet TO diets`
  for (const [locale, words] of [
    ['en-IN', /^Something went wrong on our side\..* reference: (\S+)$/],
    ['hi-IN', /संदर्भ दें: (\S+)$/],
  ] as const) {
    const page = await (await site.visitor({ ...PHONE, locale })).open('/s/demo-a1')
    const text = await page.getByRole('alert').filter({ hasText: words }).first().textContent()
    const [, reference] = words.exec(text ?? '') ?? []
    t.match(reference, /^[0-9a-f]{8}-/)
    t.ok(
      site.logs.lines.some(({ reqId, status }) => reqId === reference && status === 500),
      'logged',
    )
  }
})
