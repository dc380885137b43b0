-- Redis orders what happens; its order is kept here as numbers. The version of an event is its stream
-- id as one bigint: milliseconds of Redis' clock, then 20 bits of sequence. Instants are derived from
-- versions, so that no row can say one thing by its order and another by its clock.

CREATE FUNCTION instant_of(version bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_timestamp((version >> 20)::double precision / 1000);

COMMENT ON FUNCTION instant_of IS 'The instant of an event version, to the millisecond.';

CREATE FUNCTION version_at(instant timestamptz) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN floor(extract(epoch FROM instant) * 1000)::bigint << 20;

COMMENT ON FUNCTION version_at IS 'The lowest version that an event of this instant can have.';
