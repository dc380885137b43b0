INSERT INTO job_statistics SELECT * FROM summary_of(:hour)
