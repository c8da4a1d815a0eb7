import t from 'tap'
import { byName, createFormats, formatAge, plainText, readUserAgent } from '../../web/lib/format.js'

t.test('amounts: rupees in the locale’s notation, paise only when not zero', async (t) => {
  const f = createFormats('en-IN')
  t.equal(f.money(25_000), '₹250')
  t.equal(f.money(25_050), '₹250.50')
  t.equal(f.money(12_345_678), '₹1,23,456.78')
  t.equal(f.money(0), '₹0')
  t.match(createFormats('de').money(25_050), /250,50\s₹/)
})

t.test('times in a given zone, and relative times', async (t) => {
  const f = createFormats('en-GB')
  t.equal(f.time('2026-11-23T20:00:00.000Z', 'Asia/Kolkata'), '01:30')
  const now = Date.parse('2026-11-23T20:00:00.000Z')
  t.equal(f.ago('2026-11-23T19:57:00.000Z', now), '3 minutes ago')
  t.equal(f.ago('2026-11-23T15:00:00.000Z', now), '5 hours ago')
  t.equal(f.ago('2026-11-20T20:00:00.000Z', now), '3 days ago')
  t.equal(f.plural(1, 'item', 'items'), 'item')
  t.equal(f.plural(0, 'item', 'items'), 'items')
})

t.test('ages count up and are never negative', async (t) => {
  t.equal(formatAge(-5), '0:00')
  t.equal(formatAge(247_000), '4:07')
  t.equal(formatAge(3_753_000), '1:02:33')
})

t.test('text of others loses control characters and direction marks', async (t) => {
  t.equal(plainText('a\u202Eb\u0007c\u2066d\ne\u200f'), 'abcd\ne')
  t.equal(
    plainText('<b>hi</b> \u0939\u093f\u0928\u094d\u0926\u0940 👍🏽'),
    '<b>hi</b> \u0939\u093f\u0928\u094d\u0926\u0940 👍🏽',
  )
})

t.test('seats sort in natural order', async (t) => {
  const names = ['A10', 'B1', 'A2', 'A1'].map((name) => ({ name }))
  t.same(
    names.sort(byName).map(({ name }) => name),
    ['A1', 'A2', 'A10', 'B1'],
  )
})

t.test('user agents as browser and system', async (t) => {
  const ipad = 'Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1'
  t.same(readUserAgent(ipad), { browser: 'Safari', system: 'iPad' })
  t.equal(readUserAgent('curl/8.5'), null)
})
