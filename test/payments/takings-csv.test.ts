import t from 'tap'
import type { TakingsOrder } from '../../src/payments/takings.js'
import { csvText, writeTakingsCsv } from '../../src/payments/takings-csv.js'

const ORDER: TakingsOrder = {
  id: 7,
  at: '2026-11-29 19:05',
  hall: 'Screen 1',
  seat: 'A1',
  items: '2 × Tea',
  status: 'delivered',
  method: 'cash',
  paymentStatus: 'paid',
  bill: '1/26-27/3',
  orders: 1,
  itemsSold: 2,
  gross: 16_005,
  gst: 762,
  refunds: 0,
  cashOwed: 0,
  refundsDue: 0,
}

t.test('one line for each order, in rupees, and a line of totals', async (t) => {
  const csv = writeTakingsCsv([ORDER, { ...ORDER, id: 8, bill: null, gross: 5 }])
  t.equal(csv.slice(0, 1), '\uFEFF', 'spreadsheets read it as UTF-8')
  t.same(csv.slice(1).split('\r\n'), [
    'Order,Time,Hall,Seat,Items,Items sold,Status,Method,Payment,Bill,Gross,GST,Refunds,Cash owed,Refunds due',
    '7,2026-11-29 19:05,Screen 1,A1,2 × Tea,2,delivered,cash,paid,1/26-27/3,160.05,7.62,0.00,0.00,0.00',
    '8,2026-11-29 19:05,Screen 1,A1,2 × Tea,2,delivered,cash,paid,,0.05,7.62,0.00,0.00,0.00',
    'Total,,,,,4,,,,,160.10,15.24,0.00,0.00,0.00',
    '',
  ])
  t.match(writeTakingsCsv([]), /Total,,,,,0,,,,,0\.00,0\.00,0\.00,0\.00,0\.00\r\n$/)
})

t.test('no text is a formula', async (t) => {
  const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\u200e=1', '＝1', '|calc']
  for (const formula of formulas) t.match(csvText(formula).replace(/^"/, ''), /^'/, JSON.stringify(formula))
  t.equal(csvText('=HYPERLINK("http://x","y")'), `"'=HYPERLINK(""http://x"",""y"")"`)
  t.equal(csvText('Tea, hot "now"\nplease'), '"Tea, hot ""now""\nplease"')
  for (const plain of ['Tea', 'A-1', '12', '']) t.equal(csvText(plain), plain)
})
