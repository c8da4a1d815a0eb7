import fc from 'fast-check'
import t from 'tap'
import { readAmount, writeAmount } from '../../web/lib/amount.js'

t.test('amounts as people type and paste them', async (t) => {
  const cases: [string, number | null][] = [
    ['180', 18_000],
    ['180.5', 18_050],
    ['180.05', 18_005],
    [' ₹1,250.50 ', 125_050],
    ['1,23,456', 12_345_600],
    ['\u200e१८०', 18_000],
    ['１８０', 18_000],
    ['١٬٢٥٠٫٥', 125_050],
    ['᠑᠘᠐', 18_000],
    ['', null],
    ['-5', null],
    ['1e3', null],
    ['180,50', null],
    ['180.005', null],
    ['1,2,3', null],
    ['12 apples', null],
  ]
  for (const [typed, paise] of cases) t.equal(readAmount(typed), paise, JSON.stringify(typed))
})

t.test('what is written is read as the same amount', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 99_999_999_999 }),
      (paise) => readAmount(writeAmount(paise)) === paise,
    ),
  )
})
