INSERT INTO job_statistics
SELECT * FROM statistics_between(:day, CAST(:day AS timestamptz) + interval '1 day')
