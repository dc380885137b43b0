"""Domain events, the outbox and callbacks."""
