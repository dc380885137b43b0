"""Worker processes, as Redis knows them."""
