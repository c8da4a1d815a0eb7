import type { ChatView, MessageView, OrderView, UserView } from '../../src/live/protocol.js'
import { type Decoder, flag, list, number, object, oneOf, orNull, text } from './decode.js'

const seat = object<OrderView['seat']>({ id: number, name: text, hall: text })
const status = oneOf('placed', 'confirmed', 'seen', 'delivered', 'cancelled')

export const order = object<OrderView>({
  id: number,
  theatreId: number,
  theatreName: text,
  seat,
  status,
  paymentStatus: oneOf('pending', 'paid', 'failed', 'refunded'),
  paymentMethod: oneOf('online', 'cash'),
  items: list(
    object<OrderView['items'][number]>({
      menuItemId: number,
      name: text,
      quantity: number,
      unitPrice: number,
    }),
  ),
  total: number,
  createdAt: text,
  confirmedAt: orNull(text),
  seenAt: orNull(text),
  deliveredAt: orNull(text),
  cancelledAt: orNull(text),
})

export const message = object<MessageView>({
  id: number,
  from: oneOf('customer', 'staff'),
  text,
  at: text,
  clientId: (value, path) => orNull(text)(value, path) ?? '',
})

export const chat = object<ChatView>({
  id: number,
  order: object<ChatView['order']>({ id: number, seat }),
  theatreId: number,
  unread: number,
  lastMessage: orNull(message),
})

/** The data of `chat.message` as staff get it. */
export const chatEvent: Decoder<{ chat: ChatView; message: MessageView }> = (value, path) => {
  const { conversation, message: said } = chatNews(value, path)
  return { chat: conversation, message: said }
}

const chatNews = object<{ conversation: ChatView; message: MessageView }>({ conversation: chat, message })

export const user = object<UserView>({
  id: number,
  username: text,
  role: oneOf('customer', 'staff', 'admin'),
  theatres: list(object<{ id: number; name: string }>({ id: number, name: text })),
})

export interface SessionInfo {
  user: UserView
  expiresAt: string
}
export const session = object<SessionInfo>({ user, expiresAt: text })

export interface MenuItem {
  id: number
  name: string
  description: string
  /** paise */
  price: number
  vegetarian: boolean
  available: boolean
}
export const menuItem = object<MenuItem>({
  id: number,
  name: text,
  description: (value, path) => orNull(text)(value, path) ?? '',
  price: number,
  vegetarian: flag,
  available: flag,
})

export interface SeatMenu {
  seat: { id: number; name: string; hall: string }
  theatre: { id: number; name: string }
  menu: MenuItem[]
}
export const seatMenu = object<SeatMenu>({
  seat,
  theatre: object<{ id: number; name: string }>({ id: number, name: text }),
  menu: list(menuItem),
})

export interface Payment {
  id: string
  status: string
  amount: number
  checkoutUrl: string
}
export const payment = object<Payment>({ id: text, status: text, amount: number, checkoutUrl: text })

export interface Checkout {
  payment: { id: string; status: string; amount: number; orderId: number; provider: string }
  theatreName: string
  /** names us to a real provider's checkout */
  publicKey: string | null
}
export const checkout = object<Checkout>({
  payment: object<Checkout['payment']>({
    id: text,
    status: text,
    amount: number,
    orderId: number,
    provider: (value, path) => orNull(text)(value, path) ?? 'simulated',
  }),
  theatreName: text,
  publicKey: orNull(text),
})

export interface Hall {
  id: number
  name: string
  seats: { id: number; name: string; token: string }[]
}
export interface TheatreSeats {
  /** `maxTime`: minutes allowed for an order; `minTime`: minutes left when it turns urgent */
  theatre: { id: number; name: string; timeZone: string; maxTime: number; minTime: number }
  halls: Hall[]
}
export const theatreSeats = object<TheatreSeats>({
  theatre: object<TheatreSeats['theatre']>({
    id: number,
    name: text,
    timeZone: text,
    maxTime: number,
    minTime: number,
  }),
  halls: list(
    object<Hall>({
      id: number,
      name: text,
      seats: list(object<Hall['seats'][number]>({ id: number, name: text, token: text })),
    }),
  ),
})

export interface SignedInDevice {
  id: string
  current: boolean
  createdAt: string
  lastSeenAt: string
  userAgent: string | null
  ip: string | null
}
export const devices = list(
  object<SignedInDevice>({
    id: text,
    current: flag,
    createdAt: text,
    lastSeenAt: text,
    userAgent: orNull(text),
    ip: orNull(text),
  }),
)

/** The one member of an answer such as `{order}`. */
export function member<T>(key: string, decode: Decoder<T>): Decoder<T> {
  const holder = object<Record<string, T>>({ [key]: decode })
  return (value, path) => {
    const found = holder(value, path)[key]
    return decode(found, key)
  }
}

export type ChatOfOrder = Pick<OrderView, 'id' | 'seat' | 'theatreId'>
/** The conversation of an order in which nothing was said yet: it is in no list. */
export function emptyChat({ id, seat, theatreId }: ChatOfOrder): ChatView {
  return { id, theatreId, order: { id, seat }, unread: 0, lastMessage: null }
}
