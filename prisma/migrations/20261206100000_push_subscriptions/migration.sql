-- CreateTable
CREATE TABLE "push_subscriptions" (
    "id" SERIAL NOT NULL,
    "session_id" UUID NOT NULL,
    "endpoint" TEXT NOT NULL,
    "p256dh" TEXT NOT NULL,
    "auth" TEXT NOT NULL,
    "language" TEXT NOT NULL DEFAULT 'en',
    "order_ids" INTEGER[],
    "for_staff" BOOLEAN NOT NULL,
    "theatre_id" INTEGER,
    "hall" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "push_subscriptions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "push_subscriptions_endpoint_key" ON "push_subscriptions"("endpoint");

-- CreateIndex
CREATE INDEX "push_subscriptions_session_id_idx" ON "push_subscriptions"("session_id");

-- AddForeignKey
ALTER TABLE "push_subscriptions" ADD CONSTRAINT "push_subscriptions_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema cannot express: subscriptions end in the transaction that ends the session (the foreign key) or
-- the right to what they are for, whatever made the change.

-- A session that gets another token: whoever knew the old one may have subscribed. The page subscribes again.
CREATE FUNCTION "houselights_session_renewed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM push_subscriptions WHERE session_id = NEW.id;
  RETURN NULL;
END
$$;
CREATE TRIGGER "session_renewed" AFTER UPDATE OF "token_hash" ON "sessions"
  FOR EACH ROW WHEN (OLD.token_hash <> NEW.token_hash) EXECUTE FUNCTION "houselights_session_renewed"();

-- The staff's subscriptions of a user that the user, as the statement leaves it, has no right to any more.
CREATE FUNCTION "houselights_end_staff_push"("who" integer) RETURNS void LANGUAGE sql AS $$
  DELETE FROM push_subscriptions p USING sessions s, users u
  WHERE s.id = p.session_id AND u.id = s.user_id AND u.id = "who" AND (
    NOT u.is_active
    OR p.for_staff AND u.role <> 'admin' AND NOT (u.role = 'staff' AND EXISTS (
      SELECT FROM staff_theatres st
      WHERE st.user_id = u.id AND (p.theatre_id IS NULL OR st.theatre_id = p.theatre_id))))
$$;

CREATE FUNCTION "houselights_user_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM houselights_end_staff_push(NEW.id);
  RETURN NULL;
END
$$;
-- Deferred to the commit: a change of role is followed by that of the memberships.
CREATE CONSTRAINT TRIGGER "user_changed" AFTER UPDATE OF "role", "is_active" ON "users"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.role <> NEW.role OR OLD.is_active <> NEW.is_active) EXECUTE FUNCTION "houselights_user_changed"();

CREATE FUNCTION "houselights_left_theatre"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM houselights_end_staff_push(OLD.user_id);
  RETURN NULL;
END
$$;
-- Deferred as well: a change of memberships deletes them all and inserts those that stay.
CREATE CONSTRAINT TRIGGER "left_theatre" AFTER DELETE ON "staff_theatres"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "houselights_left_theatre"();
