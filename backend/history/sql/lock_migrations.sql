SELECT pg_advisory_lock(hashtext('tally migrations'))
