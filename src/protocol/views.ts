/**
 * What the API answers with, shared by the service and the pages (browser-safe: types only). Money is in paise; times are
 * RFC 3339 UTC. The shapes that sockets send too are in messages.ts.
 */
import type { PaymentStatus, UserView } from './messages.js'

export interface SignedInView {
  user: UserView
  /** when the session ends, if nothing more happens */
  expiresAt: string
}

/** One of the user's sessions, as the user sees it. */
export interface SessionView {
  id: string
  current: boolean
  createdAt: string
  lastSeenAt: string
  userAgent: string
  ip: string
}

export interface MenuItemView {
  id: number
  name: string
  description: string
  price: number
  vegetarian: boolean
  available: boolean
}

/** What the page that a seat's QR code opens needs. */
export interface SeatMenuView {
  seat: { id: number; name: string; hall: string }
  theatre: { id: number; name: string }
  menu: MenuItemView[]
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

export interface PaymentView {
  id: string
  provider: string
  status: PaymentStatus
  amount: number
  checkoutUrl: string
}

export interface CheckoutView {
  payment: { id: string; status: PaymentStatus; amount: number; orderId: number; provider: string }
  theatreName: string
  /** names us to the provider's checkout in the browser; null: it needs nothing */
  publicKey: string | null
}
