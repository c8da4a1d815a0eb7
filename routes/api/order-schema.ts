import { Type } from 'typebox'

const instant = Type.String({ format: 'date-time' })
const laterInstant = Type.Union([instant, Type.Null()])
const paise = (description: string) => Type.Integer({ minimum: 0, description: `${description}, in paise` })

export const Seat = Type.Object({ id: Type.Integer(), name: Type.String(), hall: Type.String() })

export const PaymentStatus = Type.Enum(['pending', 'paid', 'failed', 'refunded'])

export const Order = Type.Object({
  id: Type.Integer(),
  theatreId: Type.Integer(),
  theatreName: Type.String(),
  seat: Seat,
  status: Type.Enum(['placed', 'confirmed', 'seen', 'delivered', 'cancelled']),
  paymentStatus: PaymentStatus,
  paymentMethod: Type.Enum(['online', 'cash']),
  items: Type.Array(
    Type.Object({
      menuItemId: Type.Integer(),
      name: Type.String(),
      quantity: Type.Integer(),
      unitPrice: paise('as ordered'),
    }),
  ),
  total: paise('the whole order'),
  createdAt: instant,
  confirmedAt: laterInstant,
  seenAt: laterInstant,
  deliveredAt: laterInstant,
  cancelledAt: laterInstant,
})

export const OrderAnswer = Type.Object({ order: Order })
