SELECT least(CAST(:recorded AS bigint), version_at(clock_timestamp() - make_interval(secs => :delay)))
