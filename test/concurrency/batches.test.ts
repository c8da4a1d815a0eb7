import t from 'tap'
import { Batches } from '../../src/concurrency/batches.js'

t.test(
  'requests that come together are one batch, and those that come while it is under way are the next',
  async (t) => {
    const sent: number[][] = []
    const answer: (() => void)[] = []
    const batches = new Batches<number, string>(async (requests) => {
      sent.push(requests)
      await new Promise<void>((resolve) => answer.push(resolve))
      return requests.map(String)
    })
    const first = [batches.request(1), batches.request(2)]
    while (sent.length < 1) await new Promise(setImmediate)
    const second = batches.request(3)
    while (sent.length < 2) await new Promise(setImmediate)
    const third = [batches.request(4), batches.request(5)]
    answer.shift()?.()
    t.same(await Promise.all(first), ['1', '2'])
    while (sent.length < 3) await new Promise(setImmediate)
    for (const each of answer) each()
    t.same([await second, ...(await Promise.all(third))], ['3', '4', '5'])
    t.same(sent, [[1, 2], [3], [4, 5]])
  },
)

t.test(
  'a failure is that of the whole batch, a missing answer that of one request, and the next is sent',
  async (t) => {
    let fails = true
    const batches = new Batches<number, number>(async (requests) => {
      if (fails) throw new Error('away')
      return requests.slice(1)
    })
    await Promise.all([1, 2].map((request) => t.rejects(batches.request(request), { message: 'away' })))
    fails = false
    const [one, two] = [batches.request(1), batches.request(2)]
    await Promise.all([
      t.resolveMatch(one, 2),
      t.rejects(two, { message: 'a request of a batch was not answered' }),
    ])
  },
)
