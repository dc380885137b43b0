-- A migration takes as long as it takes. Who waits for a lock on a busy table holds up everybody behind.
SELECT set_config('statement_timeout', '0', :is_local), set_config('lock_timeout', '30s', :is_local),
  set_config('idle_in_transaction_session_timeout', '0', :is_local)
