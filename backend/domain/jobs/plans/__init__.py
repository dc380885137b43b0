"""What is looked at before it is enqueued, and the token that enqueues what was shown."""
