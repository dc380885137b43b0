"""``tally queues``: one concern a file."""
