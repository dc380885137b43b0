"""`tally jobs`."""
