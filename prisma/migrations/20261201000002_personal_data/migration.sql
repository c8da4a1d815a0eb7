-- What Prisma's schema cannot express: the jobs that purge personal data find the rows that still have some.
CREATE INDEX "orders_with_phone" ON "orders" ((coalesce("delivered_at", "cancelled_at"))) WHERE "phone" IS NOT NULL;
CREATE INDEX "payment_webhooks_with_body" ON "payment_webhooks" ("received_at") WHERE octet_length("body") > 0;
