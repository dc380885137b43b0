-- An earlier job of that id, from before the position asked for, does not count. Ids are said twice, so that only their
-- months are planned for.
SELECT j.id FROM unnest(CAST(:ids AS text[]), CAST(:positions AS bigint[])) AS asked (id, position)
JOIN jobs j ON j.id = asked.id AND j.id = ANY(:ids)
WHERE is_since(j.position, asked.position)
