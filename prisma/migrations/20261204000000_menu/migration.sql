-- CreateEnum
CREATE TYPE "diet" AS ENUM ('vegetarian', 'non_vegetarian', 'egg');

-- AlterTable
ALTER TABLE "theatres" ADD COLUMN "paused" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN "reopens_at" TIMESTAMPTZ(3),
ADD COLUMN "version" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "menu_items" ADD COLUMN "category" TEXT NOT NULL DEFAULT '',
ADD COLUMN "diet" "diet",
ADD COLUMN "sold_out_until" TIMESTAMPTZ(3),
ADD COLUMN "options" JSONB NOT NULL DEFAULT '[]';
-- false was the default, so it says nothing about an item
UPDATE "menu_items" SET "diet" = 'vegetarian' WHERE "vegetarian";

-- AlterTable
ALTER TABLE "order_items" ADD COLUMN "options" JSONB NOT NULL DEFAULT '[]';

-- an item that was deleted keeps its row for old orders, and its name is free again
DROP INDEX "menu_items_theatre_id_name_key";
CREATE INDEX "menu_items_theatre_id_idx" ON "menu_items"("theatre_id");
CREATE UNIQUE INDEX "menu_items_listed_name" ON "menu_items" ("theatre_id", "name") WHERE "listed";

-- an order has one line for each choice of options of an item
DROP INDEX "order_items_order_id_menu_item_id_key";
CREATE INDEX "order_items_order_id_idx" ON "order_items"("order_id");

ALTER TABLE "theatres" ADD CONSTRAINT "theatres_reopens_at" CHECK ("paused" OR "reopens_at" IS NULL);

-- Every change of what the pages of a theatre's seats show raises the theatre's version, whatever made the change: each
-- node compares it once a second, for the case that the change's announcement was lost.

CREATE FUNCTION "houselights_theatre_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.version = OLD.version THEN NEW.version := OLD.version + 1; END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER "theatre_changed" BEFORE UPDATE ON "theatres"
  FOR EACH ROW EXECUTE FUNCTION "houselights_theatre_changed"();

CREATE FUNCTION "houselights_menu_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE theatres SET version = version + 1 WHERE id IN (SELECT theatre_id FROM changed_items);
  RETURN NULL;
END
$$;
CREATE TRIGGER "menu_inserted" AFTER INSERT ON "menu_items" REFERENCING NEW TABLE AS changed_items
  FOR EACH STATEMENT EXECUTE FUNCTION "houselights_menu_changed"();
CREATE TRIGGER "menu_updated" AFTER UPDATE ON "menu_items" REFERENCING NEW TABLE AS changed_items
  FOR EACH STATEMENT EXECUTE FUNCTION "houselights_menu_changed"();
CREATE TRIGGER "menu_deleted" AFTER DELETE ON "menu_items" REFERENCING OLD TABLE AS changed_items
  FOR EACH STATEMENT EXECUTE FUNCTION "houselights_menu_changed"();

-- a seat's code was renewed, or the seat or its hall has gone: the streams that it opened must end
CREATE FUNCTION "houselights_seat_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE theatres SET version = version + 1 WHERE id = (SELECT h.theatre_id FROM halls h WHERE h.id = OLD.hall_id);
  RETURN NULL;
END
$$;
CREATE TRIGGER "seat_updated" AFTER UPDATE ON "seats"
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION "houselights_seat_changed"();
CREATE TRIGGER "seat_deleted" AFTER DELETE ON "seats"
  FOR EACH ROW EXECUTE FUNCTION "houselights_seat_changed"();

CREATE FUNCTION "houselights_hall_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE theatres SET version = version + 1 WHERE id = OLD.theatre_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER "hall_updated" AFTER UPDATE ON "halls"
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION "houselights_hall_changed"();
