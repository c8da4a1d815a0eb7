import t from 'tap'
import { isKnownOn, markFor, readMark } from '../../src/accounts/device-mark.js'

t.test('a device keeps its id, and knows the users who signed in on it last', async (t) => {
  let mark = readMark(markFor('Staff', null))
  const id = mark?.id
  t.ok(isKnownOn(mark, 'staff'))
  t.ok(isKnownOn(mark, 'STAFF'))
  t.notOk(isKnownOn(mark, 'manager'))
  t.notOk(isKnownOn(null, 'staff'))
  for (let i = 0; i < 7; i++) mark = readMark(markFor(`user-${i}`, mark))
  t.ok(isKnownOn(mark, 'staff'), 'eight users')
  mark = readMark(markFor('staff', mark))
  mark = readMark(markFor('another', mark))
  t.ok(isKnownOn(mark, 'staff'), 'the latest ones')
  t.notOk(isKnownOn(mark, 'user-0'))
  t.equal(mark?.accounts.length, 8)
  t.equal(mark?.id, id)
})

t.test('another signed text is no mark', async (t) => {
  const mark = markFor('staff', null)
  for (const text of [
    '',
    'device',
    mark.slice(7),
    `${mark}x`,
    `x${mark}`,
    mark.split('.').slice(0, 2).join('.'),
  ]) {
    t.equal(readMark(text), null, text)
  }
  // a session's token, which the same secret signs
  t.equal(readMark('QW-83ZJx-XfZ8ROpU7d6PyBD0dsjjwUhGO4UZrx1N08'), null)
})
