"""Finding jobs, alive or on record, and saying why they wait."""
