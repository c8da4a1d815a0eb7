-- Appends like houselights_append, for a session whose permissions were read at the epoch "as_of": fails with the SQLSTATE
-- HL401 if the session has ended since, and HL409 if its permissions have changed. So COMMIT can be sent along with it.
CREATE FUNCTION "houselights_append_for"(new_events json, new_changes json, for_user integer, for_session uuid, as_of bigint)
RETURNS TABLE ("group_name" text, "seq" integer, "name" text, "at" timestamptz, "epoch" bigint)
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  kinds text[];
BEGIN
  RETURN QUERY SELECT a.group_name, a.seq, a.name, a.at, a.epoch FROM houselights_append(new_events, new_changes) AS a;

  -- the append holds the epoch's lock: no other change can be committed before this transaction. Its own come last.
  SELECT array_agg(c.kind) INTO kinds FROM access_changes AS c
  WHERE c.epoch > as_of
    AND c.epoch <= (SELECT e.epoch FROM access_epoch AS e WHERE e.id = 1) - json_array_length(new_changes)
    AND (c.session_id = for_session OR (c.session_id IS NULL AND c.user_id = for_user));
  IF 'session_ended' = ANY (kinds) THEN
    RAISE EXCEPTION 'the session has ended' USING ERRCODE = 'HL401';
  ELSIF kinds IS NOT NULL THEN
    RAISE EXCEPTION 'the permissions have changed' USING ERRCODE = 'HL409';
  END IF;
END
$$;
