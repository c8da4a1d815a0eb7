import t from 'tap'
import { emptyItem, emptyOption, readItem, type TypedItem } from '../../web/manage/item-form.js'
import { categoryStepOf, stepOf } from '../../web/manage/menu-steps.js'
import { mergeTyped } from '../../web/manage/use-typed.js'

// What a manager's menu page sends: places of a step, and what is typed about an item.

const item = (id: number, position: number, category = 'Snacks') => ({ id, position, category })

t.test('a step leads to the neighbour, and from the edge of a category to the one beside it', (t) => {
  const [a, b, tea, c] = [item(1, 0), item(2, 20), item(3, 10, 'Drinks'), item(4, 30)] as const
  const menu = [a, tea, b, c]
  t.same(stepOf(menu, a, 1), { category: 'Snacks', before: 4 })
  t.same(stepOf(menu, b, 1), { category: 'Snacks', before: null })
  t.same(stepOf(menu, b, -1), { category: 'Snacks', before: 1 })
  t.same(stepOf(menu, a, -1), null, 'the first one stays')
  t.same(stepOf(menu, c, 1), { category: 'Drinks', before: 3 })
  t.same(stepOf(menu, tea, -1), { category: 'Snacks', before: null })
  t.same(stepOf(menu, tea, 1), null, 'the last one too')
  t.same(stepOf(menu, item(9, 0), 1), null, 'an item that is gone')
  t.end()
})

t.test('a category steps over the one beside it', (t) => {
  const menu = [item(1, 0, 'A'), item(2, 1, 'B'), item(3, 2, '')]
  t.equal(categoryStepOf(menu, 'A', 1), '')
  t.equal(categoryStepOf(menu, 'B', 1), null)
  t.equal(categoryStepOf(menu, '', -1), 'B')
  t.equal(categoryStepOf(menu, 'A', -1), undefined)
  t.equal(categoryStepOf(menu, '', 1), undefined)
  t.equal(categoryStepOf(menu, 'C', 1), undefined, 'a category that is gone')
  t.end()
})

t.test('what is typed stays, and what is not follows the changes of others', (t) => {
  const choice = (key: number, name: string) => ({ key, name })
  const before = { name: 'Tea', price: '80', options: [choice(1, 'Small')] }
  const typed = { name: 'Green tea', price: '80', options: [choice(2, 'Small')] }
  const now = { name: 'Chai', price: '90', options: [choice(3, 'Large')] }
  t.same(mergeTyped(typed, before, now), { name: 'Green tea', price: '90', options: [choice(3, 'Large')] })
  const same = { ...before, options: [choice(4, 'Small')] }
  t.equal(mergeTyped(typed, before, same), typed, 'keys of rows are no change')
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
