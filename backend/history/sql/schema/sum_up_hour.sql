INSERT INTO job_statistics
SELECT * FROM statistics_of_results(:hour, CAST(:hour AS timestamptz) + interval '1 hour')
