INSERT INTO chain_heads (chain, number, hash, at) VALUES (:chain, :number, :hash, clock_timestamp())
ON CONFLICT (chain) DO UPDATE SET number = excluded.number, hash = excluded.hash, at = excluded.at
