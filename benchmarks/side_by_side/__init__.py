"""One run in which Tally, other revisions of it and other queues are measured in turn on the same servers."""
