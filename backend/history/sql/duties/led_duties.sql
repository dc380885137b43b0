SELECT duty FROM duty_leases WHERE ends_at > clock_timestamp()
