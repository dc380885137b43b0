-- What is staged is looked up by its keys; left to itself the planner would read whole tables as long
-- as they are of middling size.
SELECT prepare_staging(), set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true)
