SELECT min(version) FROM job_events WHERE version > :after AND version <= :until
