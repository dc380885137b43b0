SELECT number, hash FROM chain_heads WHERE chain = :chain
