import t from 'tap'
import { Batches } from '../../src/concurrency/batches.js'

t.test(
  'questions that come together are one, and those that come while it is asked are the next',
  async (t) => {
    const sent: number[][] = []
    const answer: (() => void)[] = []
    const batches = new Batches<number, string>(async (questions) => {
      sent.push(questions)
      await new Promise<void>((resolve) => answer.push(resolve))
      return questions.map(String)
    })
    const first = [batches.ask(1), batches.ask(2)]
    while (sent.length < 1) await new Promise(setImmediate)
    const second = batches.ask(3)
    while (sent.length < 2) await new Promise(setImmediate)
    const third = [batches.ask(4), batches.ask(5)]
    answer.shift()?.()
    t.same(await Promise.all(first), ['1', '2'])
    while (sent.length < 3) await new Promise(setImmediate)
    for (const each of answer) each()
    t.same([await second, ...(await Promise.all(third))], ['3', '4', '5'])
    t.same(sent, [[1, 2], [3], [4, 5]])
  },
)

t.test(
  'a failure is that of the whole batch, a missing answer that of one question, and the next is asked',
  async (t) => {
    let fails = true
    const batches = new Batches<number, number>(async (questions) => {
      if (fails) throw new Error('away')
      return questions.slice(1)
    })
    await Promise.all([1, 2].map((question) => t.rejects(batches.ask(question), { message: 'away' })))
    fails = false
    const [one, two] = [batches.ask(1), batches.ask(2)]
    await Promise.all([t.resolveMatch(one, 2), t.rejects(two, { message: 'a question was not answered' })])
  },
)
