import { Prisma } from '../database/client.js'

/** doublings after which every wait in use has reached its maximum; bounds the power */
const MAX_DOUBLINGS = 10

/** When to try again: after `firstMinutes`, doubled with each try that `tries` counts, at most `maxHours`. A SQL expression. */
export function nextTry(
  tries: Prisma.Sql,
  { firstMinutes, maxHours }: { firstMinutes: number; maxHours: number },
): Prisma.Sql {
  return Prisma.sql`now() + least(
    make_interval(mins => ${firstMinutes}::int) * power(2, least(${tries}, ${MAX_DOUBLINGS}::int)),
    make_interval(hours => ${maxHours}::int))`
}
