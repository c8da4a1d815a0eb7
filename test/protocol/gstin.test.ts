import t from 'tap'
import { readGstin } from '../../src/protocol/gstin.js'

t.test('a GSTIN as people type it', async (t) => {
  t.equal(readGstin('27AAPFU0939F1ZV'), '27AAPFU0939F1ZV')
  t.equal(readGstin(' 27 aapfu0939f 1zv\u200e'), '27AAPFU0939F1ZV')
  t.equal(readGstin('२७AAPFU०९३९F1ZV'), '27AAPFU0939F1ZV')
  t.equal(readGstin('29AAGCB7383J1Z4'), '29AAGCB7383J1Z4')
})

t.test('every single wrong character and every swapped pair of neighbours is found', async (t) => {
  const gstin = '27AAPFU0939F1ZV'
  for (let at = 0; at < gstin.length; at += 1) {
    for (const other of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ') {
      if (other === gstin[at]) continue
      const wrong = gstin.slice(0, at) + other + gstin.slice(at + 1)
      if (readGstin(wrong) !== null) t.fail(wrong)
    }
  }
  for (const wrong of ['', '27AAPFU0939F1Z', '27AAPFU0939F1ZVV', '00AAPFU0939F1ZV', '72AAPFU0939F1ZV']) {
    t.equal(readGstin(wrong), null, wrong)
  }
})
