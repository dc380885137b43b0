-- One at a time: a day must not be put together from hours that somebody is replacing. As the first
-- statement of its transaction, for the snapshot is to be younger than the lock.
LOCK TABLE job_statistics IN SHARE ROW EXCLUSIVE MODE
