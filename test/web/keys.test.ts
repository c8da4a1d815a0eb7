import t from 'tap'
import { keyLabel, placeOf } from '../../web/lib/keys.js'

t.test('a shortcut goes by the key’s place', async (t) => {
  const cases: [string, string, string][] = [
    ['KeyS', 's', 's'],
    ['KeyS', 'S', 's'],
    ['KeyS', 'े', 's'],
    // AZERTY types w here
    ['KeyZ', 'w', 'z'],
    ['Escape', 'Escape', 'escape'],
    // on-screen keyboards and remote control name no place
    ['', 's', 's'],
    ['', 'D', 'd'],
  ]
  for (const [code, key, place] of cases) t.equal(placeOf({ code, key }), place, `${code} ${key}`)
})

t.test('the key is named as people find it', async (t) => {
  t.equal(keyLabel('S', 's'), 'S')
  t.equal(keyLabel('S', undefined), 'S', 'a browser that does not say')
  t.equal(keyLabel('Z', 'w'), 'W', 'AZERTY')
  t.equal(keyLabel('X', 'ч'), 'X (ч)')
  t.equal(keyLabel('S', 'े'), 'S (◌े)')
})
