import t from 'tap'
import { checkClientId, cleanText } from '../../src/chat/chat-text.js'

t.test('ordinary text is unchanged, and line breaks become line feeds', async (t) => {
  for (const text of [
    'hello',
    ' two  spaces ',
    'a\tb\nc',
    '<img src=x onerror=alert(1)> & "quotes"',
    'नमस्ते 👨‍👩‍👧 שלום',
    '0',
  ]) {
    t.equal(cleanText(text), text)
  }
  t.equal(cleanText('a\r\nb\rc\u2028d\u2029e'), 'a\nb\nc\nd\ne')
})

t.test('control and bidirectional characters are removed', async (t) => {
  t.equal(cleanText('a\u0007b\u001b[31mc\u007f\u0085d'), 'ab[31mcd')
  t.equal(cleanText('\u202egnp.exe\u202c \u2066x\u2069 \u200e\u200f\u061cy\ufeff'), 'gnp.exe x y')
})

t.test('a message has 1 to 2,000 code points, and is not blank', async (t) => {
  t.equal(cleanText('x'.repeat(2000)).length, 2000)
  t.equal([...cleanText('😀'.repeat(2000))].length, 2000)
  for (const text of [
    '',
    ' ',
    '\n\t ',
    '\u200b',
    '\u202e',
    'x'.repeat(2001),
    '😀'.repeat(2001),
    'x'.repeat(1e6),
    'a\0b',
    '\ud800',
    'a\udc00b',
  ]) {
    t.throws(() => cleanText(text), { code: 'validation_failed' }, JSON.stringify(text).slice(0, 20))
  }
})

t.test('a client id is 1 to 64 printable ASCII characters', async (t) => {
  for (const id of ['x', '7f2c9d1e-0000-4000-8000-000000000000', 'x'.repeat(64), 'a b']) {
    t.equal(checkClientId(id), id)
  }
  for (const id of ['', 'x'.repeat(65), 'a\0', 'a\n', 'ü', '\ud800']) {
    t.throws(() => checkClientId(id), { code: 'validation_failed' })
  }
})
