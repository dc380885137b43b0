-- A count takes as long as it takes, and rests while what it found is put right in Redis.
SELECT pg_try_advisory_xact_lock(hashtext('ledger')),
  set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true)
