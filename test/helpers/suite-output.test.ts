import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { judge } from './suite-output.js'

t.test(
  'a secret of one file is found in what another one’s service wrote, once, and not shown',
  async (t) => {
    const folder = t.testdir()
    const secret = (what: string, value: string) => JSON.stringify({ what, value })
    writeFileSync(
      join(folder, '1.secrets'),
      `${secret('a token', 'abcdefghi-1')}\n${secret('another', 'abcdefghi-2')}`,
    )
    writeFileSync(join(folder, '2.secrets'), secret('a phone number', '9876543210'))
    writeFileSync(join(folder, '1.log'), '{"msg":"nothing"}\n')
    writeFileSync(
      join(folder, '2.log'),
      '{"a":1}\n{"x":"abcdefghi-2","y":"abcdefghi-2"}\n{"z":"987654321"}\n',
    )
    const verdict = judge(folder)
    t.equal(verdict.secrets, 3)
    t.equal(verdict.bytes, 82)
    t.same(verdict.found, ['another stands in: {"x":"<here>","y":"<here>"}'])
  },
)

t.test('nothing written and nothing known is told as such', async (t) => {
  t.same(judge(t.testdir()), { bytes: 0, secrets: 0, found: [] })
})
