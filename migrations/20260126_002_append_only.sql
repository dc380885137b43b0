-- What was written stays as it was written. Owners of a table may drop it, nobody may edit it.

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation';
END
$$;

COMMENT ON FUNCTION refuse_change IS 'Trigger of append-only tables: refuses UPDATE, DELETE and TRUNCATE.';
