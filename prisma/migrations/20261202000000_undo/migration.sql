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

CREATE TRIGGER orders_version BEFORE UPDATE ON "orders"
  FOR EACH ROW EXECUTE FUNCTION houselights_next_version();
