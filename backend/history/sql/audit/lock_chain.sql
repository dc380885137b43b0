-- Held until the transaction ends: rows are chained in the order in which they become visible.
SELECT pg_advisory_xact_lock(hashtext(:chain))
