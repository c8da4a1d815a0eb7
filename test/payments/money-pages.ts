import type { OrderView } from '../../src/protocol/views.js'
import { orderText, paymentText } from '../../web/customer/payment-text.js'
import { moneyText, sectionsOf } from '../../web/staff/money-text.js'
import { strings as en } from '../../web/strings/en.js'
import { strings as hi } from '../../web/strings/hi.js'
import { setLanguage } from '../../web/strings/language.js'
import { strings as staffEn } from '../../web/strings/staff/en.js'
import { strings as staffHi } from '../../web/strings/staff/hi.js'
import { setStaffStrings } from '../../web/strings/staff/strings.js'

// What the pages make of an order's money, in the few words that a table has room for.

const LANGUAGES = [
  [en, staffEn, 'en-IN'],
  [hi, staffHi, 'hi-IN'],
] as const

function speakEnglish(): void {
  setLanguage(en, 'en-IN')
  setStaffStrings(staffEn)
}
speakEnglish()

const amountsIn = (text: string): string[] => text.match(/₹[\d,.]*\d/g) ?? []
const joined = (text: string): string => amountsIn(text).join(' of ')
/** Languages name the amounts of a sentence in an order of their own. */
const sorted = (text: string): string => amountsIn(text).toSorted().join()

/** Calls `write` in English, after it has named the same amounts in every other language. */
function inAllLanguages(write: () => string): string {
  const written = LANGUAGES.map(([strings, staffStrings, tag]) => {
    setLanguage(strings, tag)
    setStaffStrings(staffStrings)
    return write()
  })
  speakEnglish()
  const [english = '', ...others] = written
  const wrong = others.find((other) => sorted(other) !== sorted(english))
  if (wrong !== undefined) throw new Error(`“${wrong}” names other amounts than “${english}”`)
  return english
}

/** What the order's page shows: the state of its payment, the amounts that its sentences name, the sum on the button. */
export function summarize({
  state,
  texts,
  pay,
}: {
  state: string
  texts: string[]
  pay: string | null
}): string {
  const [said = '', twice = ''] = texts.map(joined)
  return [
    said ? `${state} ${said}` : state,
    ...(twice ? [`twice ${twice}`] : []),
    ...(pay === null ? [] : [`pay ${joined(pay)}`]),
  ].join(', ')
}

export const customerPage = (order: OrderView): string => inAllLanguages(() => summarize(paymentText(order)))

/** Whether the order's page is headed as one that waits for its customer to pay. */
export function asksForPayment(order: OrderView): boolean {
  const unpaid = { ...order, status: 'placed', paymentStatus: 'pending' } as const
  const heads = [unpaid, { ...unpaid, paymentStatus: 'failed' } as const].map((each) => orderText(each).head)
  return heads.includes(orderText(order).head)
}

/** The staff's board: where it shows the order, and what it says of its money. */
export function staffBoard(order: OrderView): string {
  const sections = sectionsOf(order).join(' ')
  const money = inAllLanguages(() => moneyText(order)?.text ?? '')
  return money ? `${sections}: ${money}` : sections
}
