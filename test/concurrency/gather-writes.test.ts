import { Writable } from 'node:stream'
import t from 'tap'
import { gatherWrites } from '../../src/concurrency/gather-writes.js'
import { until } from '../helpers/until.js'

t.test('writes of one turn of the event loop are sent together, those of the next apart', async (t) => {
  const sent: string[][] = []
  const stream = new Writable({
    decodeStrings: false,
    writev(chunks, done) {
      sent.push(chunks.map(({ chunk }) => String(chunk)))
      done()
    },
  })
  const write = (text: string) => {
    gatherWrites(stream)
    stream.write(text)
  }
  write('a')
  write('b')
  t.same(sent, [], 'not before the caller has ended')
  await until(() => sent.length === 1, 'the first write')
  write('c')
  await until(() => sent.length === 2, 'the second write')
  t.same(sent, [['a', 'b'], ['c']])
  t.equal(stream.writableCorked, 0)
})
