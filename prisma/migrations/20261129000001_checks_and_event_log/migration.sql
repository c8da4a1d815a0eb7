-- What Prisma's schema cannot express: check constraints, partial indexes, and the function that appends events.

ALTER TABLE "theatres" ADD CONSTRAINT "theatres_times" CHECK ("max_time" BETWEEN 1 AND 1440 AND "min_time" BETWEEN 0 AND "max_time");
ALTER TABLE "menu_items" ADD CONSTRAINT "menu_items_price" CHECK ("price" > 0 AND "price" <= 10000000);
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_amounts" CHECK ("quantity" BETWEEN 1 AND 99 AND "unit_price" > 0);
ALTER TABLE "orders" ADD CONSTRAINT "orders_total" CHECK ("total" > 0);
-- an order has the time of a step exactly when it has taken the step
ALTER TABLE "orders" ADD CONSTRAINT "orders_states" CHECK (
  CASE "status"
    WHEN 'placed' THEN "confirmed_at" IS NULL AND "seen_at" IS NULL AND "delivered_at" IS NULL AND "cancelled_at" IS NULL
    WHEN 'confirmed' THEN "confirmed_at" IS NOT NULL AND "seen_at" IS NULL AND "delivered_at" IS NULL AND "cancelled_at" IS NULL
    WHEN 'seen' THEN "confirmed_at" IS NOT NULL AND "seen_at" IS NOT NULL AND "delivered_at" IS NULL AND "cancelled_at" IS NULL
    WHEN 'delivered' THEN "confirmed_at" IS NOT NULL AND "seen_at" IS NOT NULL AND "delivered_at" IS NOT NULL AND "cancelled_at" IS NULL
    WHEN 'cancelled' THEN "delivered_at" IS NULL AND "cancelled_at" IS NOT NULL
  END
);
ALTER TABLE "payments" ADD CONSTRAINT "payments_amount" CHECK ("amount" > 0);
CREATE UNIQUE INDEX "payments_one_pending" ON "payments" ("order_id") WHERE "status" = 'pending';
-- for the job that cancels unpaid orders
CREATE INDEX "orders_unpaid" ON "orders" ("created_at") WHERE "status" = 'placed';
-- user names are case-insensitive: "Staff" and "staff" cannot both exist
CREATE UNIQUE INDEX "users_username_folded" ON "users" (lower("username"));
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_token_hash" CHECK (octet_length("token_hash") = 32);
ALTER TABLE "chat_messages" ADD CONSTRAINT "chat_messages_text" CHECK (char_length("text") BETWEEN 1 AND 2000);

ALTER TABLE "access_epoch" ADD CONSTRAINT "access_epoch_one_row" CHECK ("id" = 1);
INSERT INTO "access_epoch" ("id", "epoch") VALUES (1, 0);

-- counters are updated constantly: leave room for HOT updates
ALTER TABLE "live_groups" SET (fillfactor = 50);
ALTER TABLE "access_epoch" SET (fillfactor = 50);

-- The last statement of every change: numbers and stores its events, and records its changes of rights.
--
-- Lock order (callers already hold locks on orders and payments): the groups' counters, sorted by name; then the
-- advisory lock of the epoch, shared for events, exclusive for a change of rights, never upgraded. All are held until
-- the commit. So the seqs of a group are gapless and in commit order, and an event that commits after a change of
-- rights carries that change's epoch or a later one. The epoch is read in a separate statement after the lock, because
-- a statement's snapshot is older than a lock that the same statement takes.
--
-- new_events:  [{"group": …, "name": …, "data": …}], in order
-- new_changes: [{"kind": …, "userId": … | null, "sessionId": … | null}]
CREATE FUNCTION "houselights_append"(new_events json, new_changes json)
RETURNS TABLE ("group_name" text, "seq" integer, "name" text, "at" timestamptz, "epoch" bigint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  lock_key CONSTANT bigint := 7310029;
  touched record;
  current_epoch bigint;
  change record;
  moment timestamptz(3);
BEGIN
  -- at a higher level the snapshot is older than the locks, and the epoch would be stale without an error
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'houselights_append needs read committed, not %', current_setting('transaction_isolation');
  END IF;

  -- only COMMIT follows; a client that stalls here would block every change of these groups
  PERFORM set_config('idle_in_transaction_session_timeout', '2000', true);

  FOR touched IN
    SELECT n.name, count(*)::integer AS events
    FROM (SELECT (e ->> 'group') COLLATE "C" AS name FROM json_array_elements(new_events) AS e) AS n
    GROUP BY n.name ORDER BY n.name
  LOOP
    INSERT INTO live_groups AS g (name, seq) VALUES (touched.name, touched.events)
    ON CONFLICT (name) DO UPDATE SET seq = g.seq + excluded.seq;
  END LOOP;

  IF json_array_length(new_changes) > 0 THEN
    PERFORM pg_advisory_xact_lock(lock_key);
    FOR change IN
      SELECT c ->> 'kind' AS kind, (c ->> 'userId')::integer AS user_id, (c ->> 'sessionId')::uuid AS session_id
      FROM json_array_elements(new_changes) WITH ORDINALITY AS list (c, place) ORDER BY place
    LOOP
      UPDATE access_epoch AS a SET epoch = a.epoch + 1 WHERE a.id = 1 RETURNING a.epoch INTO STRICT current_epoch;
      INSERT INTO access_changes (epoch, kind, user_id, session_id)
      VALUES (current_epoch, change.kind, change.user_id, change.session_id);
    END LOOP;
  ELSE
    PERFORM pg_advisory_xact_lock_shared(lock_key);
  END IF;
  SELECT a.epoch INTO STRICT current_epoch FROM access_epoch AS a WHERE a.id = 1;
  moment := clock_timestamp();

  RETURN QUERY
  WITH added AS (
    INSERT INTO live_events (group_name, seq, name, at, epoch, data)
    SELECT n.group_name, g.seq - n.after, n.name, moment, current_epoch, n.data
    FROM (
      SELECT e ->> 'group' AS group_name, e ->> 'name' AS name, e -> 'data' AS data, place,
        (count(*) OVER (PARTITION BY e ->> 'group' ORDER BY place DESC) - 1)::integer AS after
      FROM json_array_elements(new_events) WITH ORDINALITY AS list (e, place)
    ) AS n
    JOIN live_groups AS g ON g.name = n.group_name
    ORDER BY n.place
    RETURNING live_events.group_name, live_events.seq, live_events.name, live_events.at, live_events.epoch
  )
  SELECT a.group_name, a.seq, a.name, a.at, a.epoch FROM added AS a
  UNION ALL
  SELECT NULL, NULL, NULL, moment, current_epoch WHERE json_array_length(new_events) = 0;
END
$$;
