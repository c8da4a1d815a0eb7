import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'
import { listMenu } from './menu-queries.js'

/**
 * A theatre as a file that `parseTheatreFile` reads: applying it changes nothing. It holds the secret tokens of the seats, and not
 * what is sold out just now. Throws `not_found`.
 */
export async function exportTheatre(db: Database, id: number): Promise<object> {
  const theatre = await db.theatre.findUnique({
    where: { id },
    include: {
      halls: {
        where: { listed: true },
        orderBy: { id: 'asc' },
        include: { seats: { where: { listed: true }, orderBy: { id: 'asc' } } },
      },
    },
  })
  if (!theatre) throw notFound('theatre')
  const menu = await listMenu(db, id)
  return {
    name: theatre.name,
    timeZone: theatre.timeZone,
    max_time: theatre.maxTime,
    min_time: theatre.minTime,
    halls: theatre.halls.map(({ name, seats }) => ({
      name,
      seats: seats.map((seat) => ({ name: seat.name, token: seat.token })),
    })),
    menu: menu.map(({ name, description, category, price, diet, options }) => ({
      name,
      description,
      category,
      price,
      ...(diet === null ? {} : { diet }),
      options: options.map(({ min, max, choices, ...option }) => ({
        name: option.name,
        min,
        max,
        choices: choices.map((choice) => ({ name: choice.name, price: choice.price })),
      })),
    })),
  }
}
