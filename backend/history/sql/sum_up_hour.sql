INSERT INTO job_statistics SELECT * FROM hour_of_results(:hour)
