-- Optional, for the gate (docs/gate.md): with these triggers a socket that may not stay stops receiving within 100 ms of
-- the commit, without them within 1.5 s. Run it as the owner of the tables; it may be run again. To remove it:
-- deploy/gate-remove.sql. For tables of other names (gate.json, "django"), change the two names and the key's column below.
--
-- Everybody who can connect to the database can listen to notices. So they hold no secret: the SHA-256 of a session's key,
-- or a user's id. They say that something has changed, not what; the gate asks.

BEGIN;

CREATE OR REPLACE FUNCTION houselights_gate_session() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_notify('houselights_gate', 's:' || encode(sha256(convert_to(OLD.session_key, 'UTF8')), 'hex'));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION houselights_gate_user() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  -- the argument is the column of the primary key
  PERFORM pg_notify('houselights_gate', 'u:' || (to_jsonb(OLD) ->> TG_ARGV[0]));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION houselights_gate_all() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_notify('houselights_gate', '*');
  RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS houselights_gate_session ON django_session;
DROP TRIGGER IF EXISTS houselights_gate_session_change ON django_session;
DROP TRIGGER IF EXISTS houselights_gate_session_all ON django_session;
DROP TRIGGER IF EXISTS houselights_gate_user ON auth_user;
DROP TRIGGER IF EXISTS houselights_gate_user_change ON auth_user;
DROP TRIGGER IF EXISTS houselights_gate_user_all ON auth_user;

-- of sessions that have expired the gate knows by itself: clearsessions, which deletes thousands, announces nothing
CREATE TRIGGER houselights_gate_session AFTER DELETE ON django_session
  FOR EACH ROW WHEN (OLD.expire_date > now()) EXECUTE FUNCTION houselights_gate_session();
CREATE TRIGGER houselights_gate_session_change AFTER UPDATE ON django_session
  FOR EACH ROW WHEN (OLD.session_key <> NEW.session_key OR NEW.expire_date < OLD.expire_date
                     OR OLD.session_data <> NEW.session_data)
  EXECUTE FUNCTION houselights_gate_session();
CREATE TRIGGER houselights_gate_session_all AFTER TRUNCATE ON django_session
  FOR EACH STATEMENT EXECUTE FUNCTION houselights_gate_all();

CREATE TRIGGER houselights_gate_user AFTER DELETE ON auth_user
  FOR EACH ROW EXECUTE FUNCTION houselights_gate_user('id');
CREATE TRIGGER houselights_gate_user_change AFTER UPDATE ON auth_user
  FOR EACH ROW WHEN (OLD.password IS DISTINCT FROM NEW.password OR OLD.is_active IS DISTINCT FROM NEW.is_active
                     OR OLD.is_staff IS DISTINCT FROM NEW.is_staff
                     OR OLD.is_superuser IS DISTINCT FROM NEW.is_superuser)
  EXECUTE FUNCTION houselights_gate_user('id');
CREATE TRIGGER houselights_gate_user_all AFTER TRUNCATE ON auth_user
  FOR EACH STATEMENT EXECUTE FUNCTION houselights_gate_all();

COMMIT;
