INSERT INTO job_event_seals (number, after_version, until_version, events, digest, previous_hash, hash)
VALUES (:number, :after_version, :until_version, :events, :digest, :previous_hash, :hash)
