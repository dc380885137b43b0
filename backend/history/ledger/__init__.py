"""What the ledger compares."""
