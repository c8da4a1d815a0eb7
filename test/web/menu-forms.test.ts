import t from 'tap'
import { emptyItem, emptyOption, readItem, type TypedItem } from '../../web/manage/item-form.js'
import { movedPositions } from '../../web/manage/menu-order.js'

// What a manager's menu page sends: positions after a move, and what is typed about an item.

const item = (id: number, position: number, category = 'Snacks') => ({ id, position, category })

t.test('a move changes places with the neighbour of the same category, and nothing else', (t) => {
  const menu = [item(1, 0), item(2, 10, 'Drinks'), item(3, 20), item(4, 30)]
  t.same(movedPositions(menu, 1, 1), [
    { id: 3, position: 0 },
    { id: 1, position: 20 },
  ])
  t.same(movedPositions(menu, 1, -1), [], 'the first one stays')
  t.same(movedPositions(menu, 4, 1), [], 'the last one too')
  t.same(movedPositions(menu, 9, 1), [], 'an item that is gone')
  t.end()
})

t.test('equal positions become different ones, within what the service accepts', (t) => {
  const after = (menu: ReturnType<typeof item>[], id: number, by: -1 | 1) => {
    const moved = new Map(movedPositions(menu, id, by).map(({ id, position }) => [id, position]))
    return menu
      .map((each) => [moved.get(each.id) ?? each.position, each.id] as const)
      .sort(([a], [b]) => a - b)
  }
  t.same(after([item(1, 0), item(2, 0), item(3, 0)], 3, -1), [
    [0, 1],
    [1, 3],
    [2, 2],
  ])
  t.same(after([item(1, 5), item(2, 1_000_000), item(3, 1_000_000)], 2, 1), [
    [0, 1],
    [1, 3],
    [2, 2],
  ])
  t.end()
})

t.test('each field that can’t be sent is named by its path', (t) => {
  const problemsOf = (typed: Partial<TypedItem>) =>
    readItem({ ...emptyItem(), name: 'Tea', price: '20', ...typed }).problems
  t.same(problemsOf({}), {})
  t.same(problemsOf({ name: ' \u200b', price: '100001' }), { name: 'nameMissing', price: 'price' })
  const choice = (name: string, price = '') => ({ key: 0, name, price })
  const option = { ...emptyOption(), name: 'Size', choices: [choice('Small'), choice('Large', '20')] }
  t.same(problemsOf({ options: [option] }), {})
  t.same(problemsOf({ options: [option, option] }), { 'options.1.name': 'nameRepeated' })
  t.same(problemsOf({ options: [{ ...option, min: '3', max: '3' }] }), { 'options.0.min': 'tooFewChoices' })
  t.same(problemsOf({ options: [{ ...option, min: '2' }] }), { 'options.0.min': 'min' })
  t.same(problemsOf({ options: [{ ...option, min: 'one', max: '0' }] }), {
    'options.0.min': 'min',
    'options.0.max': 'max',
  })
  t.same(problemsOf({ options: [{ ...option, choices: [] }] }), { 'options.0.choices': 'choicesMissing' })
  t.same(problemsOf({ options: [{ ...option, choices: [choice('A', '1.5'), choice('A', 'free')] }] }), {
    'options.0.choices.1.name': 'nameRepeated',
    'options.0.choices.1.price': 'choicePrice',
  })
  t.end()
})

t.test('what is sent: names without blanks, prices in paise, digits of any script', (t) => {
  const choices = [{ key: 0, name: ' Small ', price: '' }]
  const options = [{ key: 0, name: ' Size ', min: '१', max: '1', choices }]
  t.same(readItem({ ...emptyItem(), name: ' Tea ', price: '₹1,250.5', options }).fields, {
    name: 'Tea',
    description: '',
    category: '',
    price: 125_050,
    diet: null,
    options: [{ name: 'Size', min: 1, max: 1, choices: [{ name: 'Small', price: 0 }] }],
  })
  t.end()
})
