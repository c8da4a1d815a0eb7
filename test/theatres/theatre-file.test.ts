import t from 'tap'
import { parseTheatreFile } from '../../src/theatres/theatre-file.js'

const VALID = {
  name: 'Grand Cinema',
  timeZone: 'Asia/Kolkata',
  max_time: 30,
  min_time: 10,
  halls: [{ name: 'Screen 1', seats: ['A1', { name: 'A2', token: 'seat-a2' }] }],
  menu: [{ name: 'Masala Chai', price: 8000, vegetarian: true }],
}

const withOption = (option: object) => ({ name: 'X', price: 5, options: [{ name: 'Size', ...option }] })

/** The problems of the valid file with some fields replaced. */
function problemsOf(fields: object): string[] {
  const parsed = parseTheatreFile(JSON.stringify({ ...VALID, ...fields }))
  return parsed.ok ? [] : parsed.problems
}

t.test('reads a theatre', async (t) => {
  t.same(parseTheatreFile(JSON.stringify(VALID)), {
    ok: true,
    theatre: {
      name: 'Grand Cinema',
      timeZone: 'Asia/Kolkata',
      maxTime: 30,
      minTime: 10,
      halls: [
        {
          name: 'Screen 1',
          seats: [
            { name: 'A1', token: null },
            { name: 'A2', token: 'seat-a2' },
          ],
        },
      ],
      menu: [
        {
          name: 'Masala Chai',
          description: '',
          category: '',
          price: 8000,
          diet: 'vegetarian',
          options: [],
          available: null,
        },
      ],
    },
  })
  t.ok(parseTheatreFile(`\uFEFF${JSON.stringify(VALID)}`).ok, 'a byte order mark is ignored')
})

t.test('reads the options, category and diet of menu items', async (t) => {
  const options = [
    { name: 'Size', choices: ['Small', { name: 'Large', price: 3000 }] },
    { name: 'Extras', min: 0, max: 2, choices: ['Ice', 'Lemon'] },
  ]
  const menu = [
    { name: 'Tea', price: 5, category: ' Drinks ', diet: 'egg', options },
    { name: 'Bun', price: 5, vegetarian: false },
    { name: 'Bread', price: 5 },
  ]
  const parsed = parseTheatreFile(JSON.stringify({ ...VALID, menu }))
  const free = (name: string) => ({ name, price: 0 })
  t.match(parsed, {
    ok: true,
    theatre: {
      menu: [
        {
          category: 'Drinks',
          diet: 'egg',
          options: [
            { name: 'Size', min: 1, max: 1, choices: [free('Small'), { name: 'Large', price: 3000 }] },
            { name: 'Extras', min: 0, max: 2, choices: [free('Ice'), free('Lemon')] },
          ],
        },
        { diet: 'non_vegetarian', options: [], category: '' },
        { diet: null },
      ],
    },
  })
})

t.test('keys may be camelCase or snake_case, but not both', async (t) => {
  const { timeZone, max_time, min_time, ...rest } = VALID
  const [camel, snake] = [
    { ...rest, timeZone, maxTime: max_time, minTime: min_time },
    { ...rest, time_zone: timeZone, max_time, min_time },
  ]
  for (const variant of [camel, snake]) {
    t.same(parseTheatreFile(JSON.stringify(variant)), parseTheatreFile(JSON.stringify(VALID)))
  }
  t.same(problemsOf({ time_zone: 'UTC' }), ['time_zone is given twice'])
  t.same(problemsOf({ maxTime: 40 }), ['maxTime is given twice'])
})

t.test('reports each problem in one line with its path', async (t) => {
  const cases: [object, string | RegExp][] = [
    [{ name: undefined }, 'name must be 1 to 100 characters of text on one line'],
    [{ name: ' ' }, /^name must/],
    [{ name: 'two\nlines' }, /^name must/],
    [{ name: 7 }, /^name must/],
    [{ timeZone: 'Mars/Olympus' }, 'timeZone must be an IANA time zone, such as "Asia/Kolkata"'],
    [{ max_time: 0, min_time: 0 }, 'max_time must be a whole number from 1 to 1440'],
    [{ max_time: 1.5, min_time: 1 }, /^max_time/],
    [{ max_time: '30' }, /^max_time/],
    [{ min_time: 31 }, 'min_time must be a whole number from 0 to 30'],
    [{ colour: 'red' }, 'colour is unknown; allowed are name, timeZone, max_time, min_time, halls, menu'],
    [{ halls: {} }, 'halls must be a list of at most 100 entries'],
    [{ halls: ['x'] }, 'halls[0] must be an object'],
    [{ halls: [{ name: 'S', seats: [7] }] }, 'halls[0].seats[0] must be a name, or an object'],
    [
      { halls: [{ name: 'S', seats: [''] }] },
      'halls[0].seats[0].name must be 1 to 20 characters of text on one line',
    ],
    [
      { halls: [{ name: 'S', seats: [{ name: 'A', token: 'a b c' }] }] },
      /^halls\[0\]\.seats\[0\]\.token must be 4 to 128/,
    ],
    [{ halls: [{ name: 'S', seats: [{ name: 'A', token: null }] }] }, /^halls\[0\]\.seats\[0\]\.token must/],
    [{ halls: [{ name: 'S', seats: ['A', 'A'] }] }, 'halls[0].seats has two entries with the name "A"'],
    [
      {
        halls: [
          { name: 'S', seats: [] },
          { name: 'S', seats: [] },
        ],
      },
      'halls has two entries with the name "S"',
    ],
    [
      { menu: [{ name: 'X', price: 0 }] },
      'menu[0].price must be a whole number from 1 to 10000000, in paise',
    ],
    [{ menu: [{ name: 'X', price: 12.5 }] }, /^menu\[0\]\.price/],
    [{ menu: [{ name: 'X', price: 5, vegetarian: 'yes' }] }, 'menu[0].vegetarian must be true or false'],
    [
      { menu: [{ name: 'X', price: 5, diet: 'vegan' }] },
      'menu[0].diet must be one of vegetarian, non_vegetarian, egg',
    ],
    [
      { menu: [{ name: 'X', price: 5, diet: 'egg', vegetarian: false }] },
      /^menu\[0\].vegetarian is given beside diet/,
    ],
    [{ menu: [{ name: 'X', price: 5, category: 'a\nb' }] }, /^menu\[0\].category must be/],
    [
      { menu: [withOption({ choices: [{ name: 'L', price: -1 }] })] },
      /^menu\[0\].options\[0\].choices\[0\].price must/,
    ],
    [
      { menu: [withOption({ choices: ['L'], min: 2 })] },
      'menu[0].options "Size" must have at least 2 choices',
    ],
    [
      { menu: [withOption({ choices: ['L', 'L'] })] },
      /^menu\[0\].options "Size" must have choices with unique names/,
    ],
    [{ menu: [withOption({ choices: ['L'], free: true })] }, /^menu\[0\].options\[0\].free is unknown/],
    [
      {
        menu: [
          { name: 'X', price: 5 },
          { name: 'X', price: 6 },
        ],
      },
      'menu has two entries with the name "X"',
    ],
  ]
  for (const [fields, expected] of cases) {
    const problems = problemsOf(fields)
    t.equal(problems.length, 1, JSON.stringify(problems))
    t.match(problems[0], expected)
  }
})

t.test('tokens are unique across halls', async (t) => {
  const seats = (hall: string) => ({ name: hall, seats: [{ name: 'A1', token: 'same-token' }] })
  t.same(problemsOf({ halls: [seats('One'), seats('Two')] }), [
    'seat A1 of Two has the same token as seat A1 of One: each seat needs its own',
  ])
})

t.test('reports all problems in one run', async (t) => {
  t.equal(problemsOf({ name: '', max_time: -1, menu: [{}, { name: 'X', price: 'free' }] }).length, 5)
})

t.test('a file that is not JSON, or not an object', async (t) => {
  t.match(parseTheatreFile('{'), { ok: false, problems: [/^the file is not valid JSON: /] })
  t.same(parseTheatreFile('[]'), { ok: false, problems: ['the file must be an object'] })
  t.same(parseTheatreFile('null'), { ok: false, problems: ['the file must be an object'] })
  t.match(parseTheatreFile('{"__proto__": {"name": "x"}}'), { ok: false })
})
