-- CreateEnum
CREATE TYPE "capture_kind" AS ENUM ('paying', 'surplus', 'mismatched', 'unknown');

-- CreateEnum
CREATE TYPE "refund_status" AS ENUM ('requested', 'pending', 'failed', 'processed');

-- CreateEnum
CREATE TYPE "payment_issue_kind" AS ENUM ('unknown_payment', 'amount_mismatch', 'late_capture', 'second_capture', 'refund_due', 'refund_failed');

-- AlterEnum
ALTER TYPE "payment_status" ADD VALUE 'partially_refunded' BEFORE 'refunded';

-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "due_back" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "refunded_amount" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "payments" ADD COLUMN     "check_at" TIMESTAMPTZ(3),
ADD COLUMN     "checks" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "payment_webhooks" (
    "id" TEXT NOT NULL,
    "body" BYTEA NOT NULL,
    "name" TEXT,
    "outcome" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "payment_webhooks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "captures" (
    "id" TEXT NOT NULL,
    "payment_id" TEXT,
    "order_id" INTEGER,
    "kind" "capture_kind" NOT NULL,
    "method" "payment_method" NOT NULL,
    "amount" BIGINT NOT NULL,
    "currency" TEXT NOT NULL DEFAULT 'INR',
    "late" BOOLEAN NOT NULL DEFAULT false,
    "captured_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "captures_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "refunds" (
    "id" SERIAL NOT NULL,
    "provider_id" TEXT,
    "capture_id" TEXT NOT NULL,
    "order_id" INTEGER,
    "amount" BIGINT NOT NULL,
    "status" "refund_status" NOT NULL,
    "key" TEXT,
    "request_key" TEXT,
    "requested_by" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "next_try_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "refunds_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payment_issues" (
    "id" SERIAL NOT NULL,
    "kind" "payment_issue_kind" NOT NULL,
    "order_id" INTEGER,
    "subject" TEXT NOT NULL,
    "capture_id" TEXT NOT NULL,
    "amount" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "note" TEXT,
    "resolved_at" TIMESTAMPTZ(3),
    "resolved_by" INTEGER,

    CONSTRAINT "payment_issues_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "payment_webhooks_received_at_idx" ON "payment_webhooks"("received_at");

-- CreateIndex
CREATE INDEX "captures_order_id_idx" ON "captures"("order_id");

-- CreateIndex
CREATE INDEX "captures_captured_at_idx" ON "captures"("captured_at");

-- CreateIndex
CREATE UNIQUE INDEX "refunds_provider_id_capture_id_key" ON "refunds"("provider_id", "capture_id");

-- CreateIndex
CREATE UNIQUE INDEX "refunds_key_key" ON "refunds"("key");

-- CreateIndex
CREATE INDEX "refunds_capture_id_idx" ON "refunds"("capture_id");

-- CreateIndex
CREATE UNIQUE INDEX "refunds_order_id_request_key_capture_id_key" ON "refunds"("order_id", "request_key", "capture_id");

-- CreateIndex
CREATE INDEX "payment_issues_order_id_idx" ON "payment_issues"("order_id");

-- AddForeignKey
ALTER TABLE "captures" ADD CONSTRAINT "captures_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "payment_issues" ADD CONSTRAINT "payment_issues_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma's schema cannot express.
ALTER TABLE "orders" ADD CONSTRAINT "orders_refunded" CHECK ("refunded_amount" BETWEEN 0 AND "total" AND "due_back" >= 0);
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_amount" CHECK ("amount" >= 0);
ALTER TABLE "captures" ADD CONSTRAINT "captures_amount" CHECK ("amount" >= 0);
CREATE UNIQUE INDEX "captures_one_paying" ON "captures" ("order_id") WHERE "kind" = 'paying';
CREATE UNIQUE INDEX "payment_issues_one_open" ON "payment_issues" ("kind", "subject") WHERE "resolved_at" IS NULL;
CREATE INDEX "refunds_to_request" ON "refunds" ("next_try_at") WHERE "status" IN ('requested', 'pending');
CREATE INDEX "orders_cash_owed" ON "orders" ("theatre_id")
  WHERE "payment_method" = 'cash' AND "payment_status" = 'pending' AND "status" <> 'cancelled';
CREATE INDEX "orders_ended" ON "orders" ("theatre_id", (coalesce("delivered_at", "cancelled_at")))
  WHERE "status" IN ('delivered', 'cancelled');
CREATE INDEX "payments_to_check" ON "payments" ("check_at") WHERE "check_at" IS NOT NULL;

-- Money received and given back before this migration.
WITH "charges" AS (
  SELECT DISTINCT ON (coalesce(e.provider_payment_id, 'unnamed_' || e.payment_id))
    coalesce(e.provider_payment_id, 'unnamed_' || e.payment_id) AS id, e.payment_id, p.order_id, p.amount, e.surplus, e.received_at
  FROM "payment_events" AS e JOIN "payments" AS p ON p.id = e.payment_id
  WHERE e.name = 'payment.captured'
  ORDER BY 1, e.received_at
)
INSERT INTO "captures" ("id", "payment_id", "order_id", "kind", "method", "amount", "captured_at")
SELECT c.id, c.payment_id, c.order_id,
  CASE WHEN row_number() OVER (PARTITION BY c.order_id ORDER BY c.surplus, c.received_at, c.id) > 1
    THEN 'surplus'::capture_kind ELSE 'paying'::capture_kind END,
  'online', c.amount, c.received_at
FROM "charges" AS c;
INSERT INTO "captures" ("id", "order_id", "kind", "method", "amount", "captured_at")
SELECT 'cash_' || o.id, o.id, 'paying', 'cash', o.total, coalesce(o.delivered_at, o.confirmed_at, o.created_at)
FROM "orders" AS o WHERE o.payment_method = 'cash' AND o.payment_status IN ('paid', 'refunded')
ON CONFLICT DO NOTHING;
INSERT INTO "refunds" ("capture_id", "order_id", "amount", "status")
SELECT c.id, o.id, o.total, 'processed'
FROM "orders" AS o JOIN "captures" AS c ON c.order_id = o.id AND c.kind = 'paying'
WHERE o.payment_status = 'refunded';
INSERT INTO "refunds" ("capture_id", "order_id", "amount", "status")
SELECT DISTINCT ON (c.id) c.id, c.order_id, c.amount, 'processed'::refund_status
FROM "payment_events" AS e JOIN "captures" AS c ON c.id = e.provider_payment_id AND c.kind = 'surplus'
WHERE e.name = 'refund.processed';
UPDATE "orders" SET "refunded_amount" = "total" WHERE "payment_status" = 'refunded';
INSERT INTO "payment_issues" ("kind", "order_id", "subject", "capture_id", "amount")
SELECT CASE c.kind WHEN 'surplus' THEN 'second_capture'::payment_issue_kind ELSE 'refund_due'::payment_issue_kind END,
  o.id, c.id, c.id, c.amount
FROM "captures" AS c JOIN "orders" AS o ON o.id = c.order_id
WHERE (c.kind = 'surplus' OR o.status = 'cancelled') AND NOT EXISTS (SELECT FROM "refunds" AS r WHERE r.capture_id = c.id);
UPDATE "orders" AS o SET "due_back" = i.amount
FROM (SELECT order_id, sum(amount)::integer AS amount FROM "payment_issues" GROUP BY order_id) AS i WHERE i.order_id = o.id;
DROP TABLE "payment_events";
