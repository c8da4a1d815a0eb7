import t from 'tap'
import { preloadLinks } from '../../routes/pages/preload-links.js'
import { preferredLanguage } from '../../src/http/content-language.js'

t.test('the first language of Accept-Language that there is, by quality', async (t) => {
  for (const [header, expected] of [
    ['hi-IN,hi;q=0.9,en;q=0.8', 'hi'],
    ['ta, en-GB;q=0.5, hi;q=0.7', 'hi'],
    ['en;q=0, HI', 'hi'],
    ['de, *', null],
    ['', null],
    [undefined, null],
  ] as const)
    t.equal(preferredLanguage(header, ['en', 'hi']), expected, String(header))
})

t.test('a page’s links name its own call, whatever its path holds', async (t) => {
  const files = new Map([['en', ['/assets/en-1.js']]])
  const links = (page: string, params: Record<string, string>) =>
    preloadLinks({ page, params, files, acceptLanguage: 'hi' })
  const texts = '</assets/en-1.js>; rel=modulepreload; crossorigin'
  t.equal(
    links('seat', { seatToken: 'a>, <//evil.example>\r\nx: y' }),
    `</api/seats/a%3E%2C%20%3C%2F%2Fevil.example%3E%0D%0Ax%3A%20y>; rel=preload; as=fetch; crossorigin, ${texts}`,
  )
  t.equal(links('order', { id: '7/../../x' }), texts)
  t.equal(links('login', {}), texts)
})
