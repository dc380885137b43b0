DELETE FROM queue_depths WHERE at < :before
