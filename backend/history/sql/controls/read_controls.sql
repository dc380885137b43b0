SELECT name, value, version, said_by, reason, since FROM controls ORDER BY name
