// The shapes of the wire as the pages use them. They are declared by the protocol; pages import types only.
export type { ChatView, MessageView, OrderView, UserView } from '../../src/protocol/messages.js'

import type { UserView } from '../../src/protocol/messages.js'

export interface SessionView {
  user: UserView
  expiresAt: string
}

export interface MenuItemView {
  id: number
  name: string
  description: string
  /** paise */
  price: number
  vegetarian: boolean
  available: boolean
}

export interface SeatMenuView {
  seat: { id: number; name: string; hall: string }
  theatre: { id: number; name: string }
  menu: MenuItemView[]
}

export interface PaymentView {
  id: string
  provider: string
  status: string
  amount: number
  checkoutUrl: string
}

export interface CheckoutView {
  payment: { id: string; status: string; amount: number; orderId: number; provider: string }
  theatreName: string
  publicKey: string | null
}

export interface HallView {
  id: number
  name: string
  seats: { id: number; name: string; token: string }[]
}

export interface TheatreSeatsView {
  theatre: { id: number; name: string; timeZone: string; maxTime: number; minTime: number }
  halls: HallView[]
}

export interface SignedInDeviceView {
  id: string
  current: boolean
  createdAt: string
  lastSeenAt: string
  userAgent: string
  ip: string
}
