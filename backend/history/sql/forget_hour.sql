DELETE FROM job_statistics WHERE hour = :hour
