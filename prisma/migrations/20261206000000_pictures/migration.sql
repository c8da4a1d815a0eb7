-- CreateTable
CREATE TABLE "pictures" (
    "sha256" TEXT NOT NULL,
    "bytes" BYTEA NOT NULL,
    "width" INTEGER NOT NULL,
    "height" INTEGER NOT NULL,

    CONSTRAINT "pictures_pkey" PRIMARY KEY ("sha256")
);

-- AlterTable
ALTER TABLE "menu_items" ADD COLUMN     "picture" TEXT;

-- CreateIndex
CREATE INDEX "menu_items_picture_idx" ON "menu_items"("picture");

-- AddForeignKey
ALTER TABLE "menu_items" ADD CONSTRAINT "menu_items_picture_fkey" FOREIGN KEY ("picture") REFERENCES "pictures"("sha256") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma's schema cannot express.

-- WebP is compressed already
ALTER TABLE "pictures" ALTER COLUMN "bytes" SET STORAGE EXTERNAL;
ALTER TABLE "pictures" ADD CONSTRAINT "pictures_size" CHECK ("width" > 0 AND "height" > 0);

-- Whatever takes an item off the menu takes its picture away: old orders show none.
CREATE FUNCTION "houselights_drop_picture"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.picture := NULL;
  RETURN NEW;
END
$$;
CREATE TRIGGER "menu_item_unlisted" BEFORE UPDATE ON "menu_items"
  FOR EACH ROW WHEN (NOT NEW.listed AND NEW.picture IS NOT NULL) EXECUTE FUNCTION "houselights_drop_picture"();

-- Removes a picture that no item has any more, in the transaction that changes the item. One such transaction at a time: two
-- items of different theatres may have the same picture, and each would find that the other one still has it.
CREATE FUNCTION "houselights_picture_released"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('houselights pictures'));
  DELETE FROM pictures p WHERE p.sha256 = OLD.picture
    AND NOT EXISTS (SELECT FROM menu_items m WHERE m.picture = p.sha256);
  RETURN NULL;
END
$$;
CREATE TRIGGER "menu_item_picture_changed" AFTER UPDATE ON "menu_items"
  FOR EACH ROW WHEN (OLD.picture IS NOT NULL AND NEW.picture IS DISTINCT FROM OLD.picture)
  EXECUTE FUNCTION "houselights_picture_released"();
CREATE TRIGGER "menu_item_picture_deleted" AFTER DELETE ON "menu_items"
  FOR EACH ROW WHEN (OLD.picture IS NOT NULL) EXECUTE FUNCTION "houselights_picture_released"();

-- New halls and seats raise the theatre's version too, as changed ones do: managers' pages show them.
CREATE FUNCTION "houselights_halls_added"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE theatres SET version = version + 1 WHERE id IN (SELECT theatre_id FROM added);
  RETURN NULL;
END
$$;
CREATE TRIGGER "halls_added" AFTER INSERT ON "halls" REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION "houselights_halls_added"();

CREATE FUNCTION "houselights_seats_added"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE theatres SET version = version + 1
    WHERE id IN (SELECT h.theatre_id FROM halls h WHERE h.id IN (SELECT hall_id FROM added));
  RETURN NULL;
END
$$;
CREATE TRIGGER "seats_added" AFTER INSERT ON "seats" REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION "houselights_seats_added"();
