import t from 'tap'
import { createCart } from '../../web/customer/cart.js'
import { isEarlierOrder, rememberOpened } from '../../web/customer/opened-orders.js'
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
  await cart.order(async ({ key: with_ }) => {
    sent = with_
  })
  t.equal(sent, key)
  t.not(keyOf(cart), key, 'the next order has a key of its own')
  t.strictSame(cart.cart.get().lines, [])
})

t.test('tabs share the cart and its key', async (t) => {
  const [first, second] = [createCart('a1'), createCart('a1')]
  t.equal(keyOf(first), keyOf(second), 'before anything is chosen')
  first.set(1, 1)
  second.set(2, 1)
  t.strictSame(
    second.cart.get().lines.map(({ menuItemId }) => menuItemId),
    [1, 2],
    'a change is one of the cart as it is now',
  )
  await second.order(async () => 'made')
  first.set(3, 1)
  t.strictSame(first.cart.get(), { lines: [{ menuItemId: 3, quantity: 1 }], key: keyOf(second), sent: false })
})

t.test('a tab that has missed the order of another sends the key that it shows', async (t) => {
  const [fresh, forgotten] = [createCart('a1'), createCart('a1')]
  fresh.set(1, 1)
  forgotten.set(2, 0)
  const key = keyOf(forgotten)
  await fresh.order(async () => 'made')
  const next = keyOf(fresh)
  const sent = await forgotten.order(async (cart) => cart)
  t.strictSame(sent, { lines: [{ menuItemId: 1, quantity: 1 }], key, sent: false })
  t.equal(keyOf(createCart('a1')), next, 'the next order’s key stays')
})

t.test('what is added while the order is under way stays in the cart', async (t) => {
  const cart = createCart('a1')
  cart.set(1, 2)
  cart.set(2, 1)
  await cart.order(async () => {
    cart.set(1, 3)
    cart.set(2, 0)
    cart.set(3, 1)
  })
  t.strictSame(cart.cart.get().lines, [
    { menuItemId: 1, quantity: 1 },
    { menuItemId: 3, quantity: 1 },
  ])
})

t.test('an answer with an order that was seen before leaves the cart as it is', async (t) => {
  const cart = createCart('a1')
  cart.set(1, 1)
  const key = keyOf(cart)
  t.equal(
    await cart.order(
      async () => 'made',
      (made) => made === 'made',
    ),
    'made',
  )
  t.strictSame(cart.cart.get(), { lines: [{ menuItemId: 1, quantity: 1 }], key, sent: true })
})

t.test('where nothing can be stored, a tab’s own cart keeps its key', async (t) => {
  const { setItem } = localStorage
  t.teardown(() => Object.assign(localStorage, { setItem }))
  const old = createCart('a1')
  old.set(9, 9)
  Object.assign(localStorage, {
    setItem: () => {
      throw new Error('QuotaExceededError')
    },
  })
  const cart = createCart('a1')
  cart.set(9, 0)
  cart.set(1, 1)
  t.strictSame(cart.cart.get().lines, [{ menuItemId: 1, quantity: 1 }], 'not what was stored before')
  const key = keyOf(cart)
  await t.rejects(cart.order(lost))
  cart.set(2, 1)
  t.equal(keyOf(cart), key)
})

t.test('an order that has ended, or whose page was opened, is an earlier one', async (t) => {
  t.equal(isEarlierOrder({ id: 7, status: 'placed' }), false)
  t.equal(isEarlierOrder({ id: 7, status: 'cancelled' }), true)
  rememberOpened(7)
  t.equal(isEarlierOrder({ id: 7, status: 'placed' }), true)
  t.equal(isEarlierOrder({ id: 8, status: 'placed' }), false)
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
