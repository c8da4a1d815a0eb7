/** The shapes of what managers do, as `views.ts` has the others. Money is in paise, times are RFC 3339 UTC. */
import { type Static, Type } from 'typebox'
import { HallView, ManagedItemView, PaymentMethod, SeatView } from './views.js'

const Paise = Type.Integer({ minimum: 0, description: 'paise' })

// Settings

const TimeOfDay = Type.String({
  pattern: '^(?:[01]\\d|2[0-3]):[0-5]\\d$|^24:00$',
  description: 'HH:MM, local',
})

export type OpeningSpanView = Static<typeof OpeningSpanView>
export const OpeningSpanView = Type.Object(
  {
    day: Type.Enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']),
    opens: TimeOfDay,
    closes: TimeOfDay,
  },
  {
    additionalProperties: false,
    description: 'a closing time that is not after the opening time is the next day’s',
  },
)

export const SettingsFields = {
  name: Type.String({ minLength: 1, maxLength: 100 }),
  timeZone: Type.String({ description: 'IANA name' }),
  max_time: Type.Integer({ minimum: 1, maximum: 1440, description: 'minutes allowed for an order' }),
  min_time: Type.Integer({ minimum: 0, maximum: 1440, description: 'minutes left at which it is urgent' }),
  openingHours: Type.Union([Type.Array(OpeningSpanView, { maxItems: 50 }), Type.Null()], {
    description: 'when orders are taken; null: always',
  }),
  lastOrders: Type.Integer({
    minimum: 0,
    maximum: 720,
    description: 'minutes before closing time at which ordering ends',
  }),
  gstin: Type.Union([Type.String(), Type.Null()]),
  gstRate: Type.Number({
    minimum: 0,
    maximum: 100,
    description: 'percent that the prices include; it counts once there is a GSTIN',
  }),
  receiptHeader: Type.String({ maxLength: 500, description: 'printed above each bill; may have lines' }),
}

export type SettingsView = Static<typeof SettingsView>
export const SettingsView = Type.Object({ id: Type.Integer(), ...SettingsFields })

// Takings

const METHOD_TAKINGS = {
  orders: Type.Integer({ description: 'that were paid' }),
  itemsSold: Type.Integer(),
  gross: Type.Integer({ minimum: 0, description: 'paise, with GST, before refunds' }),
  gst: Type.Integer({ minimum: 0, description: 'paise contained in gross, rounded for each order' }),
  refunds: Type.Integer({ minimum: 0, description: 'paise given back of gross' }),
}

export type MethodTakingsView = Static<typeof MethodTakingsView>
export const MethodTakingsView = Type.Object(METHOD_TAKINGS)

/** The books of the orders that were placed on one day. */
export type TakingsView = Static<typeof TakingsView>
export const TakingsView = Type.Object({
  day: Type.String({ format: 'date' }),
  timeZone: Type.String(),
  ...METHOD_TAKINGS,
  byMethod: Type.Object({ online: MethodTakingsView, cash: MethodTakingsView }),
  items: Type.Array(Type.Object({ name: Type.String(), quantity: Type.Integer(), amount: Paise })),
  cashOwed: Type.Integer({ minimum: 0, description: 'paise of cash orders that are not paid' }),
  refundsDue: Type.Integer({ minimum: 0, description: 'paise of the customers’, yet to go back' }),
})

// Halls

/** Seats of one row: `A1` to `A10`. */
export const NewRowView = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 10, description: 'before the numbers of its seats' }),
    from: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 9999, description: 'the first number; 1 if missing' }),
    ),
    seats: Type.Integer({ minimum: 1, maximum: 500, description: 'how many' }),
  },
  { additionalProperties: false },
)

// Staff

/** An account as the managers of one of its theatres see it: nothing of other theatres. */
export type StaffMemberView = Static<typeof StaffMemberView>
export const StaffMemberView = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  isActive: Type.Boolean(),
  member: Type.Boolean({ description: 'false: it has just been removed from the theatre' }),
  manager: Type.Boolean({ description: 'of this theatre' }),
  createdAt: Type.String({ format: 'date-time' }),
})

// Receipts

/** The GST bill of a paid order. Prices include the tax. */
export type ReceiptView = Static<typeof ReceiptView>
export const ReceiptView = Type.Object({
  orderId: Type.Integer(),
  number: Type.String({ description: 'as printed: theatre, financial year, running number' }),
  serial: Type.Integer({ description: 'running number in the theatre and financial year, without gaps' }),
  financialYear: Type.String({ description: 'April to March, as 2026-27' }),
  issuedAt: Type.String({ format: 'date-time' }),
  timeZone: Type.String(),
  seller: Type.String(),
  gstin: Type.Union([Type.String(), Type.Null()]),
  header: Type.String(),
  seat: SeatView,
  items: Type.Array(
    Type.Object({
      name: Type.String(),
      options: Type.Array(Type.Object({ group: Type.String(), choice: Type.String() }), {
        description: 'what was chosen; `unitPrice` includes it',
      }),
      hsnSac: Type.String(),
      quantity: Type.Integer(),
      unitPrice: Paise,
      amount: Paise,
    }),
  ),
  taxable: Type.Integer({ minimum: 0, description: 'paise: total without tax' }),
  gstRate: Type.Number({ description: 'percent: CGST and SGST are half of it each' }),
  cgst: Paise,
  sgst: Paise,
  total: Paise,
  refundedAmount: Paise,
  paymentMethod: PaymentMethod,
})

/** All that a theatre's managers see while their page is open; `version` differs after each change of it. */
export type ManagedTheatreView = Static<typeof ManagedTheatreView>
export const ManagedTheatreView = Type.Object({
  version: Type.String(),
  menu: Type.Array(ManagedItemView),
  settings: SettingsView,
  halls: Type.Array(HallView),
  staff: Type.Array(StaffMemberView),
})
