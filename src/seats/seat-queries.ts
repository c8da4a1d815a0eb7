import type { Database, Transaction } from '../database/client.js'

/** A seat, the hall it is in and the theatre it belongs to. */
export interface SeatRecord {
  id: number
  name: string
  hallName: string
  theatreId: number
  theatreName: string
}

export interface MenuItemRecord {
  id: number
  name: string
  description: string
  /** paise */
  price: number
  vegetarian: boolean
  available: boolean
}

const MAX_TOKEN = 100

/** The seat of a QR code's token; null when there is none. */
export async function findSeat(db: Database | Transaction, token: string): Promise<SeatRecord | null> {
  // PostgreSQL throws on NUL in a text: such a token is nobody's
  if (token.length === 0 || token.length > MAX_TOKEN || token.includes('\0')) return null
  const seat = await db.seat.findUnique({
    where: { token },
    select: {
      id: true,
      name: true,
      hall: { select: { name: true, theatre: { select: { id: true, name: true } } } },
    },
  })
  if (!seat) return null
  const { hall } = seat
  return {
    id: seat.id,
    name: seat.name,
    hallName: hall.name,
    theatreId: hall.theatre.id,
    theatreName: hall.theatre.name,
  }
}

export const menuItemFields = {
  id: true,
  name: true,
  description: true,
  price: true,
  vegetarian: true,
  available: true,
} as const

/** What the theatre's menu lists, in its order; what is sold out is there and not `available`. */
export function listMenu(db: Database | Transaction, theatreId: number): Promise<MenuItemRecord[]> {
  return db.menuItem.findMany({
    where: { theatreId, listed: true },
    select: menuItemFields,
    orderBy: [{ position: 'asc' }, { id: 'asc' }],
  })
}

export interface TheatreSeatsRecord {
  id: number
  name: string
  timeZone: string
  maxTime: number
  minTime: number
  halls: { id: number; name: string; seats: { id: number; name: string; token: string }[] }[]
}

/** The theatre with all its halls and seats, and the seats' secrets; for its staff. */
export function findTheatreSeats(db: Database, theatreId: number): Promise<TheatreSeatsRecord | null> {
  return db.theatre.findUnique({
    where: { id: theatreId },
    select: {
      id: true,
      name: true,
      timeZone: true,
      maxTime: true,
      minTime: true,
      halls: {
        select: {
          id: true,
          name: true,
          seats: { select: { id: true, name: true, token: true }, orderBy: { id: 'asc' } },
        },
        orderBy: { id: 'asc' },
      },
    },
  })
}
