-- An hour that runs needs one mark. One that was over ten minutes ago may have been summed up, so
-- whatever comes for it now is marked anew; see hours_to_sum_up for the other side of that.
INSERT INTO stale_hours (hour)
SELECT hour FROM unnest(CAST(:hours AS timestamptz[])) AS touched (hour)
WHERE hour < date_trunc('hour', now() - interval '10 minutes', 'UTC')
  OR NOT EXISTS (SELECT FROM stale_hours m WHERE m.hour = touched.hour)
