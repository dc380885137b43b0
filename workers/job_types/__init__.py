"""How a job type is declared, enqueued by its own function, and what its handler is given."""
