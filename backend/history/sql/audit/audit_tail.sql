-- The head that was kept goes before the rows: should rows be cut off, what follows shows the gap.
SELECT coalesce(h.number, r.number, 0), coalesce(h.hash, r.hash, '\x'), clock_timestamp()
FROM (SELECT) one
LEFT JOIN chain_heads h ON h.chain = 'audit_log'
LEFT JOIN (SELECT number, hash FROM audit_log ORDER BY number DESC LIMIT 1) r ON true
