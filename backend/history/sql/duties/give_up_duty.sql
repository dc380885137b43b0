UPDATE duty_leases SET ends_at = clock_timestamp() WHERE duty = :duty AND holder = :holder
