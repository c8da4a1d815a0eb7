import t from 'tap'
import { MAX_NOTE, readNote, readPhone, toAsciiDigits, trimBlanks } from '../../src/protocol/typed-text.js'

t.test('digits of every script', async (t) => {
  let count = 0
  for (const system of Intl.supportedValuesOf('numberingSystem')) {
    const format = new Intl.NumberFormat('en', { numberingSystem: system, useGrouping: false })
    const digits = Array.from({ length: 10 }, (_, digit) => format.format(digit)).join('')
    // not positional: Chinese characters, and systems such as Roman numerals
    if (!/^\p{Nd}+$/u.test(digits)) continue
    t.equal(toAsciiDigits(digits), '0123456789', `${system}: ${digits}`)
    count += 1
  }
  t.ok(count > 50, `${count} systems`)
  t.equal(toAsciiDigits('A1 १x²'), 'A1 1x2', 'other text stays')
})

t.test('blanks at either end, of every kind', async (t) => {
  for (const blank of [' ', '\t', '\n', '\u00a0', '\u202f', '\u2007', '\u3000', '\u200b', '\ufeff']) {
    t.equal(trimBlanks(`${blank}a b${blank}${blank}`), 'a b', JSON.stringify(blank))
  }
  for (const mark of ['\u200e', '\u200f', '\u061c', '\u202a', '\u202c', '\u2066', '\u2069']) {
    t.equal(trimBlanks(`${mark} a${mark}b ${mark}`), 'ab', 'direction marks are no characters of a name')
  }
  t.equal(trimBlanks('क\u094d\u200dष'), 'क\u094d\u200dष', 'a joiner inside a word stays')
  t.equal(trimBlanks(' \u00a0\u200e '), '')
})

t.test('phone numbers as they are pasted', async (t) => {
  const cases: [string, string | null][] = [
    ['98765', '98765'],
    ['+91 98765-43210', '+919876543210'],
    [' 98765 43210 ', '9876543210'],
    ['\u202a+91 98765 43210\u202c', '+919876543210'],
    ['+91\u00a098765\u202f43210', '+919876543210'],
    ['+91\u201198765\u201343210', '+919876543210'],
    ['+91 \u2212 98765 43210', '+919876543210'],
    ['(022) 2345.6789', '02223456789'],
    ['०९८७६५४३२१०', '09876543210'],
    ['＋９１ ９８７６５', '+9198765'],
    ['٠٩٨٧٦/٥٤٣٢١', '0987654321'],
    ['1234', null],
    ['1'.repeat(21), null],
    ['98765+43210', null],
    ['++9198765', null],
    ['call me maybe', null],
    ['98765 ext 12', null],
    ['987\u000065432', null],
    ['', null],
  ]
  for (const [typed, phone] of cases) t.equal(readPhone(typed), phone, JSON.stringify(typed))
})

t.test('a note is trimmed plain text of at most 200 characters', async (t) => {
  t.equal(readNote(' \u200eNo onion,\r\nplease\u202e\u0007 '), 'No onion,\nplease')
  t.equal(readNote(' \u200b\n '), null)
  t.equal(readNote('😀'.repeat(MAX_NOTE)), '😀'.repeat(MAX_NOTE))
  for (const text of ['x'.repeat(MAX_NOTE + 1), 'a\ud800']) t.equal(readNote(text), undefined)
})
