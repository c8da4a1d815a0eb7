-- AlterTable
ALTER TABLE "halls" ADD COLUMN     "listed" BOOLEAN NOT NULL DEFAULT true;

-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "gst_rate" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "seats" ADD COLUMN     "listed" BOOLEAN NOT NULL DEFAULT true;

-- AlterTable
ALTER TABLE "theatres" ADD COLUMN     "gst_rate" INTEGER NOT NULL DEFAULT 500,
ADD COLUMN     "gstin" TEXT,
ADD COLUMN     "last_orders" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "opening_hours" JSONB,
ADD COLUMN     "receipt_header" TEXT NOT NULL DEFAULT '';

-- DropIndex
DROP INDEX "halls_theatre_id_name_key";

-- DropIndex
DROP INDEX "seats_hall_id_name_key";

-- CreateTable
CREATE TABLE "receipts" (
    "order_id" INTEGER NOT NULL,
    "theatre_id" INTEGER NOT NULL,
    "financial_year" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "issued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seller" TEXT NOT NULL,
    "gstin" TEXT,
    "header" TEXT NOT NULL,

    CONSTRAINT "receipts_pkey" PRIMARY KEY ("order_id")
);

-- CreateTable
CREATE TABLE "receipt_counters" (
    "theatre_id" INTEGER NOT NULL,
    "financial_year" INTEGER NOT NULL,
    "last" INTEGER NOT NULL,

    CONSTRAINT "receipt_counters_pkey" PRIMARY KEY ("theatre_id","financial_year")
);

-- CreateIndex
CREATE UNIQUE INDEX "receipts_theatre_id_financial_year_number_key" ON "receipts"("theatre_id", "financial_year", "number");

-- AddForeignKey
ALTER TABLE "receipts" ADD CONSTRAINT "receipts_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "receipts" ADD CONSTRAINT "receipts_theatre_id_fkey" FOREIGN KEY ("theatre_id") REFERENCES "theatres"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma's schema cannot express.
ALTER TABLE "theatres" ADD CONSTRAINT "theatres_gst_rate" CHECK ("gst_rate" BETWEEN 0 AND 10000 AND "last_orders" >= 0);

-- The name of what was removed is free again.
CREATE UNIQUE INDEX "halls_name_listed" ON "halls" ("theatre_id", "name") WHERE "listed";
CREATE UNIQUE INDEX "seats_name_listed" ON "seats" ("hall_id", "name") WHERE "listed";

-- The year in which the financial year of a moment starts: it begins on 1 April of the theatre's calendar.
CREATE FUNCTION houselights_financial_year("at" timestamptz, "time_zone" text) RETURNS integer
LANGUAGE sql STABLE AS $$
  SELECT extract(year FROM "at" AT TIME ZONE "time_zone" - interval '3 months')::integer
$$;

-- GST contained in a price, in paise: twice the rounded half, so that CGST and SGST are equal.
CREATE FUNCTION houselights_gst("price" bigint, "rate" integer) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT 2 * round("price" * "rate" / (2.0 * (10000 + "rate")))::bigint
$$;

-- The number on a bill: at most 16 characters, unique in a financial year, as the GST rules want it.
CREATE FUNCTION houselights_bill_number("theatre" integer, "year" integer, "number" integer) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT "theatre" || '/' || lpad(("year" % 100)::text, 2, '0') || '-' || lpad((("year" + 1) % 100)::text, 2, '0') || '/' || "number"
$$;

-- Numbers the bill of an order that has just been paid, in the transaction of the payment: a payment that is rolled back
-- leaves no gap. The counter's row lock puts bills of one theatre in commit order.
CREATE FUNCTION houselights_issue_receipt() RETURNS trigger
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
  INSERT INTO receipts (order_id, theatre_id, financial_year, number, issued_at, seller, gstin, header)
    VALUES (NEW.id, NEW.theatre_id, fy, next, clock_timestamp(), theatre.name, theatre.gstin, theatre.receipt_header);
  RETURN NULL;
END
$$;

CREATE TRIGGER orders_issue_receipt AFTER UPDATE OF payment_status ON orders FOR EACH ROW
  WHEN (NEW.payment_status IN ('paid', 'partially_refunded', 'refunded')
    AND OLD.payment_status NOT IN ('paid', 'partially_refunded', 'refunded'))
  EXECUTE FUNCTION houselights_issue_receipt();

-- Orders that were paid before this migration, in the order of their payments.
WITH paid AS (
  SELECT o.id, o.theatre_id, t.name, c.at, houselights_financial_year(c.at, t.time_zone) AS fy
  FROM orders o JOIN theatres t ON t.id = o.theatre_id
  CROSS JOIN LATERAL (SELECT coalesce(
    (SELECT c.captured_at FROM captures c WHERE c.order_id = o.id AND c.kind = 'paying'), o.confirmed_at, o.created_at) AS at) AS c
  WHERE o.payment_status IN ('paid', 'partially_refunded', 'refunded')
)
INSERT INTO receipts (order_id, theatre_id, financial_year, number, issued_at, seller, header)
SELECT id, theatre_id, fy, row_number() OVER (PARTITION BY theatre_id, fy ORDER BY at, id), at, name, '' FROM paid;
INSERT INTO receipt_counters (theatre_id, financial_year, last)
SELECT theatre_id, financial_year, max(number) FROM receipts GROUP BY theatre_id, financial_year;
