import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type pg from 'pg'
import t from 'tap'
import { createEmptyDatabase, withClient } from '../helpers/database-template.js'
import { PROJECT } from '../helpers/embedded-servers.js'

const MIGRATIONS = join(PROJECT, 'prisma/migrations')
const BILLS = '20261205000000_manager'
const FIXED = '20261208000000_bills_are_fixed'

const names = readdirSync(MIGRATIONS)
  .filter((name) => /^\d/.test(name))
  .sort()

async function apply(client: pg.Client, wanted: readonly string[]): Promise<void> {
  for (const name of wanted) await client.query(readFileSync(join(MIGRATIONS, name, 'migration.sql'), 'utf8'))
}

t.test(
  'orders that were paid before there were bills get numbers in the order of their payments',
  async (t) => {
    await withClient(await createEmptyDatabase(t), async (client) => {
      await apply(client, names.slice(0, names.indexOf(BILLS)))
      await client.query(`
      INSERT INTO theatres (name, time_zone, max_time, min_time) VALUES ('One', 'Asia/Kolkata', 30, 5), ('Two', 'UTC', 30, 5);
      INSERT INTO halls (theatre_id, name) VALUES (1, 'H'), (2, 'H');
      INSERT INTO seats (hall_id, name, token) VALUES (1, 'A1', 'one'), (2, 'A1', 'two');
      INSERT INTO users (username, role) VALUES ('guest', 'customer');
      INSERT INTO orders (theatre_id, seat_id, customer_id, payment_method, payment_status, total) VALUES
        (1, 1, 1, 'online', 'paid', 100), (1, 1, 1, 'online', 'pending', 100), (1, 1, 1, 'cash', 'refunded', 100),
        (1, 1, 1, 'cash', 'partially_refunded', 100), (2, 2, 1, 'cash', 'paid', 100);
      INSERT INTO captures (id, order_id, kind, method, amount, captured_at) VALUES
        ('a', 1, 'paying', 'online', 100, '2026-04-02Z'), ('b', 3, 'paying', 'cash', 100, '2026-04-01Z'),
        ('c', 4, 'paying', 'cash', 100, '2026-03-31 18:00Z'), ('d', 5, 'paying', 'cash', 100, '2026-04-01Z')`)
      await apply(client, [BILLS])
      const { rows } = await client.query(
        'SELECT order_id, theatre_id, financial_year, number, seller, gstin FROM receipts ORDER BY order_id',
      )
      t.same(rows.map(Object.values), [
        [1, 1, 2026, 2, 'One', null],
        [3, 1, 2026, 1, 'One', null],
        [4, 1, 2025, 1, 'One', null],
        [5, 2, 2026, 1, 'Two', null],
      ])
      const counters = await client.query('SELECT * FROM receipt_counters ORDER BY 1, 2')
      t.same(counters.rows.map(Object.values), [
        [1, 2025, 1],
        [1, 2026, 2],
        [2, 2026, 1],
      ])

      await apply(client, names.slice(names.indexOf(BILLS) + 1, names.indexOf(FIXED)))
      await client.query('UPDATE orders SET gst_rate = 500')
      await client.query(
        "INSERT INTO orders (theatre_id, seat_id, customer_id, payment_method, total, gst_rate) VALUES (1, 1, 1, 'cash', 100, 500)",
      )
      await client.query(
        "UPDATE theatres SET gstin = '27AAPFU0939F1ZV'; UPDATE orders SET payment_status = 'paid' WHERE id = 6",
      )
      await apply(client, [FIXED])
      await client.query("UPDATE orders SET payment_status = 'paid' WHERE id = 2")
      const fixed = await client.query(
        'SELECT order_id, gstin, gst_rate, hall, seat, time_zone FROM receipts WHERE theatre_id = 1 ORDER BY order_id',
      )
      t.same(fixed.rows.map(Object.values), [
        [1, null, 0, 'H', 'A1', 'Asia/Kolkata'],
        [2, '27AAPFU0939F1ZV', 500, 'H', 'A1', 'Asia/Kolkata'],
        [3, null, 0, 'H', 'A1', 'Asia/Kolkata'],
        [4, null, 0, 'H', 'A1', 'Asia/Kolkata'],
        [6, '27AAPFU0939F1ZV', 500, 'H', 'A1', 'Asia/Kolkata'],
      ])
    })
  },
)
