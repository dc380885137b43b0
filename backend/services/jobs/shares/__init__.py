"""What a job shares with others of its key: the rates it takes from, as its payload tells."""
