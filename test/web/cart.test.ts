import t from 'tap'
import type { MenuItemView } from '../../src/protocol/views.js'
import { createCart } from '../../web/customer/cart.js'
import { readLines, totalOf } from '../../web/customer/cart-lines.js'
import { earlierOrders, rememberOpened } from '../../web/customer/opened-orders.js'
import { earlierOrder, newPrices } from '../../web/customer/order-refusals.js'
import { ApiError } from '../../web/lib/api-error.js'
import { sectionsOf } from '../../web/lib/menu-sections.js'

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
  const before = earlierOrders()
  t.equal(before({ id: 7, status: 'placed' }), false)
  t.equal(before({ id: 7, status: 'cancelled' }), true)
  rememberOpened(7)
  t.equal(before({ id: 7, status: 'placed' }), false, 'opened since the order was sent: by another tab')
  const after = earlierOrders()
  t.equal(after({ id: 7, status: 'placed' }), true)
  t.equal(after({ id: 8, status: 'placed' }), false)
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

const item = (id: number, changes: Partial<MenuItemView> = {}): MenuItemView => ({
  id,
  name: `Item ${id}`,
  description: '',
  category: '',
  price: 1000,
  diet: null,
  available: true,
  picture: null,
  options: [],
  ...changes,
})
const SIZE = {
  name: 'Size',
  min: 1,
  max: 1,
  choices: [
    { name: 'Small', price: 0 },
    { name: 'Large', price: 500 },
  ],
}
const large = { menuItemId: 2, name: 'Item 2', options: [{ group: 'Size', choice: 'Large' }] }

t.test('each choice of options is a line of its own, with the menu’s present prices', async (t) => {
  const cart = createCart('options')
  cart.set(large, 1)
  cart.set({ ...large, options: [{ group: 'Size', choice: 'Small' }] }, 2)
  cart.set(large, 3)
  const menu = [item(1), item(2, { options: [SIZE] })]
  t.strictSame(totalOf(createCart('options').cart.get(), menu), {
    count: 5,
    paise: 3 * 1500 + 2 * 1000,
    problems: 0,
  })
  await cart.order(async ({ lines }) => {
    cart.set({ ...large, options: [{ group: 'Size', choice: 'Small' }] }, 3)
    return lines
  })
  t.match(cart.cart.get().lines, [{ ...large, options: [{ choice: 'Small' }], quantity: 1 }])
})

t.test('what can’t be ordered stays in the cart with the reason, and costs nothing', async (t) => {
  const cart = createCart('problems')
  cart.set({ menuItemId: 1, name: 'Item 1' }, 1)
  cart.set(large, 1)
  cart.set({ menuItemId: 3, name: 'Item 3' }, 1)
  const problems = (menu: MenuItemView[]) =>
    readLines(cart.cart.get(), menu).map(({ name, problem }) => [name, problem])
  const sized = item(2, { options: [SIZE] })
  t.strictSame(problems([item(3), sized, item(1)]), [
    ['Item 3', null],
    ['Item 2', null],
    ['Item 1', null],
  ])
  const menu = [item(1, { available: false }), item(2, { options: [{ ...SIZE, name: 'Portion' }] })]
  t.strictSame(problems(menu), [
    ['Item 1', 'sold-out'],
    ['Item 2', 'options-changed'],
    ['Item 3', 'gone'],
  ])
  t.strictSame(totalOf(cart.cart.get(), menu), { count: 0, paise: 0, problems: 3 })
  t.strictSame(
    problems([item(1, { options: [SIZE] }), sized])[0],
    ['Item 1', 'options-changed'],
    'it has options now',
  )
  t.equal(cart.cart.get().lines.length, 3)
})

t.test(
  'the menu’s sections keep its order; search takes words in any order, without case and accents',
  async (t) => {
    const menu = [
      item(1, { category: 'Hot', name: 'Jalapeño Poppers' }),
      item(2, { category: 'Cold', name: 'दही भल्ला', diet: 'vegetarian' }),
      item(3, { category: 'Hot', description: 'with cheese', diet: 'vegetarian' }),
    ]
    const find = (search: string, onlyVeg = false) =>
      sectionsOf(menu, { search, onlyVeg }).map(({ id, name, items }) => [
        id,
        name,
        items.map((each) => each.id),
      ])
    const [hot, cold] = ['menu-section-0', 'menu-section-1']
    t.strictSame(find(' '), [
      [hot, 'Hot', [1, 3]],
      [cold, 'Cold', [2]],
    ])
    t.strictSame(find('POPPERS jalapeno'), [[hot, 'Hot', [1]]])
    t.strictSame(find('cold'), [[cold, 'Cold', [2]]], 'a category’s name finds its items')
    t.strictSame(find('दही'), [[cold, 'Cold', [2]]])
    t.strictSame(find('दह'), [[cold, 'Cold', [2]]])
    t.strictSame(find('दहू'), [], 'vowel signs count')
    t.strictSame(find('', true), [
      [hot, 'Hot', [3]],
      [cold, 'Cold', [2]],
    ])
  },
)
