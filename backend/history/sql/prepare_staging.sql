-- What is staged is looked up by its keys. Left to itself the planner reads whole tables as long as they
-- are of middling size, or believes that a table it never analysed is small.
SELECT prepare_staging(), set_config('enable_seqscan', 'off', true), set_config('enable_material', 'off', true),
  set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
  set_config('enable_bitmapscan', 'off', true)
