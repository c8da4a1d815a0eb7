import t from 'tap'
import { createClient } from '../../helpers/http-client.js'
import { startService } from '../../helpers/service.js'

t.test('with METRICS_TOKEN the metrics require it as a bearer token', async (t) => {
  const { url } = await startService(t, { env: { METRICS_TOKEN: 'token-4716' } })
  const status = async (authorization?: string) =>
    (await createClient(url).get('/metrics', authorization ? { headers: { authorization } } : {})).status
  for (const taken of ['Bearer token-4716', 'bearer token-4716', 'BEARER  token-4716']) {
    t.equal(await status(taken), 200, taken)
  }
  const refused = ['token-4716', 'Bearer', 'Bearer token-4717', 'Bearer token-471', 'Basic token-4716']
  for (const other of [undefined, 'Bearertoken-4716', 'x Bearer token-4716', ...refused]) {
    t.equal(await status(other), 401, other ?? 'nothing')
  }
})
