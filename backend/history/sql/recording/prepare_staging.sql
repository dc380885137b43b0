-- What is staged is looked up by its keys, row by row. Left to itself the planner reads whole tables as
-- long as they are of middling size, or keeps the staged rows to go through them for each row of a
-- table that it believes to be small because nobody has analysed it yet.
SELECT prepare_staging(),
  set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
  set_config('enable_material', 'off', true), set_config('enable_bitmapscan', 'off', true)
