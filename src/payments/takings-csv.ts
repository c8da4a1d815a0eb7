import type { TakingsOrder } from './takings.js'

/** Excel takes a file without it for one in the system's own encoding. */
const BYTE_ORDER_MARK = '\uFEFF'
/** What a spreadsheet may read as a formula (OWASP, CSV injection); full-width forms too. */
const FORMULA = /^[\s\p{Cf}]*[=+\-@\t\r\n＝＋－＠|]/u

const rupees = (paise: number): string => (paise / 100).toFixed(2)

/** One field of a CSV file (RFC 4180). Text that a spreadsheet could run as a formula gets an apostrophe before it. */
export function csvText(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

interface Column {
  title: string
  text: (order: TakingsOrder) => string
  /** of all orders; none: the column has no sum */
  total?: (orders: readonly TakingsOrder[]) => string
}

const text = (title: string, of: (order: TakingsOrder) => string): Column => ({ title, text: of })

function sum(title: string, key: 'gross' | 'gst' | 'refunds' | 'cashOwed' | 'refundsDue'): Column {
  return {
    title,
    text: (order) => rupees(order[key]),
    total: (orders) => rupees(orders.reduce((total, order) => total + order[key], 0)),
  }
}

const COLUMNS: readonly Column[] = [
  { ...text('Order', ({ id }) => String(id)), total: () => 'Total' },
  text('Time', ({ at }) => at),
  text('Hall', ({ hall }) => hall),
  text('Seat', ({ seat }) => seat),
  text('Items', ({ items }) => items),
  {
    ...text('Items sold', ({ itemsSold }) => String(itemsSold)),
    total: (orders) => String(orders.reduce((total, { itemsSold }) => total + itemsSold, 0)),
  },
  text('Status', ({ status }) => status),
  text('Method', ({ method }) => method),
  text('Payment', ({ paymentStatus }) => paymentStatus),
  text('Bill', ({ bill }) => bill ?? ''),
  sum('Gross', 'gross'),
  sum('GST', 'gst'),
  sum('Refunds', 'refunds'),
  sum('Cash owed', 'cashOwed'),
  sum('Refunds due', 'refundsDue'),
]

/** The day's orders as a CSV file for spreadsheets, amounts in rupees, with a last line of totals. */
export function writeTakingsCsv(orders: readonly TakingsOrder[]): string {
  const lines = [
    COLUMNS.map(({ title }) => title),
    ...orders.map((order) => COLUMNS.map((column) => column.text(order))),
    COLUMNS.map(({ total }) => total?.(orders) ?? ''),
  ]
  return BYTE_ORDER_MARK + lines.map((line) => `${line.map(csvText).join(',')}\r\n`).join('')
}
