import t from 'tap'
import { arrangePlaces } from '../../web/staff/places.js'

t.test('places stay while a pointer is near: gaps where tickets were, new ones last', async (t) => {
  t.strictSame(arrangePlaces([1, 2, 3], [2, 3], false), [2, 3], 'closed up')
  t.strictSame(arrangePlaces([1, 2, 3], [2, 3], true), [1, 2, 3])
  t.strictSame(arrangePlaces([1, 2, 3], [0, 2, 3, 4], true), [1, 2, 3, 0, 4], 'an older one too comes last')
  t.strictSame(arrangePlaces([1, 2, 3, 0, 4], [0, 2, 3, 4], false), [0, 2, 3, 4], 'until nobody is near')
})
