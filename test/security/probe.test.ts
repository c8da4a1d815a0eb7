import t from 'tap'
import { startApp } from '/work/main/test/helpers/app.js'
import { createClient } from '/work/main/test/helpers/http.js'
import { httpHead, sendRaw } from '/work/main/test/helpers/raw.js'
t.test('x', async (t) => {
  const s = await startApp(t, { demo: true })
  const c = createClient(s.url)
  const login = await c.post('/api/auth/login', { username: 'staff', password: 'houselights-demo' })
  console.log(login.status, login.headers)
  for (const p of ['/api/seats/%00', '/api/checkout/%00', '/api/auth/sessions/%00', '/%E0%A4%A', '/s/' + 'x'.repeat(200), '/api/seats/'+'x'.repeat(200)]) {
    const a = await c.get(p)
    console.log(p.slice(0,40), a.status, a.text, Object.keys(a.headers).join())
  }
  console.log(await sendRaw(s.port, httpHead('GET /ws/%E0%A4%A HTTP/1.1', 'Host: 127.0.0.1', 'Connection: Upgrade', 'Upgrade: websocket'), { within: 1000 }))
  console.log(await sendRaw(s.port, 'BLAH\r\n\r\n', { within: 1000 }))
  console.log(await sendRaw(s.port, httpHead('GET / HTTP/1.1', 'Host: x', 'A: ' + 'x'.repeat(40000)), { within: 1000 }))
  for (const m of ['HEAD', 'GET', 'POST', 'OPTIONS', 'TRACE', 'PUT']) console.log(m, (await c.request(m, '/ws/chat-socket/')).status)
  t.pass()
  console.log(s.logs.text)
})
