-- Takes back deploy/gate.sql. The gate goes on, and asks each second.

BEGIN;

DROP FUNCTION IF EXISTS houselights_gate_session() CASCADE;
DROP FUNCTION IF EXISTS houselights_gate_user() CASCADE;
DROP FUNCTION IF EXISTS houselights_gate_all() CASCADE;

COMMIT;
