"""What the ledger compares and puts right."""
