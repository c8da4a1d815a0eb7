SET lock_timeout = '2s';

-- A bill keeps all that it shows, as it was when the order was paid (docs/decisions/0033).
ALTER TABLE "receipts"
  ADD COLUMN     "gst_rate" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN     "hall" TEXT NOT NULL DEFAULT '',
  ADD COLUMN     "seat" TEXT NOT NULL DEFAULT '',
  ADD COLUMN     "time_zone" TEXT NOT NULL DEFAULT 'UTC';

-- Bills that there are keep their tax; without a GSTIN none was charged.
UPDATE receipts r SET gst_rate = CASE WHEN r.gstin IS NULL THEN 0 ELSE o.gst_rate END,
  hall = h.name, seat = s.name, time_zone = t.time_zone
FROM orders o JOIN theatres t ON t.id = o.theatre_id JOIN seats s ON s.id = o.seat_id JOIN halls h ON h.id = s.hall_id
WHERE o.id = r.order_id;

CREATE OR REPLACE FUNCTION houselights_issue_receipt() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  theatre theatres%ROWTYPE;
  fy integer;
  next integer;
BEGIN
  IF EXISTS (SELECT FROM receipts WHERE order_id = NEW.id) THEN
    RETURN NULL;
  END IF;
  SELECT * INTO theatre FROM theatres WHERE id = NEW.theatre_id;
  fy := houselights_financial_year(clock_timestamp(), theatre.time_zone);
  INSERT INTO receipt_counters AS c (theatre_id, financial_year, last) VALUES (NEW.theatre_id, fy, 1)
    ON CONFLICT (theatre_id, financial_year) DO UPDATE SET last = c.last + 1 RETURNING last INTO next;
  INSERT INTO receipts (order_id, theatre_id, financial_year, number, issued_at, seller, gstin, gst_rate, header, hall, seat,
      time_zone)
    SELECT NEW.id, NEW.theatre_id, fy, next, clock_timestamp(), theatre.name, theatre.gstin,
      CASE WHEN theatre.gstin IS NULL THEN 0 ELSE theatre.gst_rate END, theatre.receipt_header, h.name, s.name,
      theatre.time_zone
    FROM seats s JOIN halls h ON h.id = s.hall_id WHERE s.id = NEW.seat_id;
  RETURN NULL;
END
$$;

CREATE FUNCTION houselights_keep_receipt() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a bill that was issued can''t be changed or deleted';
END
$$;

CREATE TRIGGER receipts_are_kept BEFORE UPDATE OR DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION houselights_keep_receipt();

-- The rate is the bill's now. No release has had the column.
ALTER TABLE "orders" DROP COLUMN "gst_rate";
RESET lock_timeout;
