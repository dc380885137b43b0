SELECT coalesce(h.number, s.number, 0), coalesce(h.hash, s.hash, '\x'), coalesce(s.until_version, 0)
FROM (SELECT) one
LEFT JOIN chain_heads h ON h.chain = 'job_event_seals'
LEFT JOIN (SELECT number, hash, until_version FROM job_event_seals ORDER BY number DESC LIMIT 1) s ON true
