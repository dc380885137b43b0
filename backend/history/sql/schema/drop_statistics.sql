DELETE FROM job_statistics WHERE since < :before
