import t from 'tap'
import { createCart } from '../../web/customer/cart.js'
import { earlierOrder, newPrices } from '../../web/customer/order-refusals.js'
import { ApiError } from '../../web/lib/api-error.js'

// The pages' localStorage; Node's own is missing or needs a file.
const stored = new Map<string, string>()
Object.defineProperty(globalThis, 'localStorage', {
  configurable: true,
  value: {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  },
})
t.afterEach(() => stored.clear())

const lost = (): Promise<never> => Promise.reject(new ApiError(0, 'no_answer', 'lost'))
const refused = (): Promise<never> => Promise.reject(new ApiError(409, 'price_changed', 'The price changed.'))
const keyOf = (cart: ReturnType<typeof createCart>): string => cart.cart.get().key

t.test('an order whose answer is lost keeps its key, whatever becomes of the cart', async (t) => {
  const cart = createCart('a1')
  cart.set(1, 2)
  const key = keyOf(cart)
  await t.rejects(cart.order(lost))
  cart.set(1, 0)
  t.equal(keyOf(createCart('a1')), key, 'also over a reload with an empty cart')
  cart.set(2, 1)
  t.equal(keyOf(cart), key)
  let sent = ''
  await cart.order(async (with_) => {
    sent = with_
  })
  t.equal(sent, key)
  t.not(keyOf(cart), key, 'the next order has a key of its own')
  t.strictSame(cart.cart.get().lines, [])
  t.equal(stored.size, 0)
})

t.test('a reload while an order is under way keeps its key', async (t) => {
  const cart = createCart('a1')
  cart.set(1, 1)
  let answer: (value: string) => void = () => {}
  const made = cart.order(
    () =>
      new Promise<string>((resolve) => {
        answer = resolve
      }),
  )
  const reloaded = createCart('a1')
  t.equal(keyOf(reloaded), keyOf(cart))
  t.equal(reloaded.cart.get().sent, true)
  answer('made')
  t.equal(await made, 'made')
})

t.test('a refusal says nothing of an earlier order', async (t) => {
  const cart = createCart('a1')
  cart.set(1, 1)
  await t.rejects(cart.order(refused))
  t.equal(cart.cart.get().sent, false, 'the only one that was sent was refused')
  await t.rejects(cart.order(lost))
  await t.rejects(cart.order(refused))
  t.equal(cart.cart.get().sent, true, 'the lost one may have been made')
  await t.rejects(cart.order(() => Promise.reject(new ApiError(403, 'unknown', 'Forbidden'))))
  t.equal(cart.cart.get().sent, true, 'a proxy’s answer is not the service’s')
})

t.test('another order with the same cart has a key of its own', async (t) => {
  const cart = createCart('a1')
  cart.set(1, 3)
  await t.rejects(cart.order(lost))
  const key = keyOf(cart)
  cart.startAnother()
  t.not(keyOf(cart), key)
  t.strictSame(cart.cart.get().lines, [{ menuItemId: 1, quantity: 3 }])
  t.equal(cart.cart.get().sent, false)
})

t.test('refusals that carry what to show instead', async (t) => {
  const changed = new ApiError(409, 'price_changed', '', null, { menu: [], total: 200 })
  t.match(newPrices(changed), { menu: [], total: 200 })
  t.equal(newPrices(new ApiError(409, 'price_changed', '')), null, 'without a menu')
  t.equal(earlierOrder(changed), null)
  const reused = new ApiError(422, 'idempotency_key_reused', '', null, { order: { id: 7 } })
  t.match(earlierOrder(reused), { id: 7 })
  t.equal(newPrices(new Error('other')), null)
})
