-- AlterTable
ALTER TABLE "orders" ADD COLUMN     "before_end" "order_status",
ADD COLUMN     "restored_at" TIMESTAMPTZ(3),
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1;

-- An order can move back, so nothing in it but a number tells which of two versions is the later one.
CREATE FUNCTION houselights_next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END
$$;

-- Each change that has an event, and no other: a chat message moves counters of the row, and a purge empties it.
CREATE TRIGGER orders_version BEFORE UPDATE ON "orders" FOR EACH ROW
  WHEN ((OLD.status, OLD.payment_method, OLD.payment_status, OLD.refunded_amount, OLD.due_back, OLD.confirmed_at,
      OLD.seen_at, OLD.delivered_at, OLD.cancelled_at)
    IS DISTINCT FROM (NEW.status, NEW.payment_method, NEW.payment_status, NEW.refunded_amount, NEW.due_back, NEW.confirmed_at,
      NEW.seen_at, NEW.delivered_at, NEW.cancelled_at))
  EXECUTE FUNCTION houselights_next_version();
