"""The stream of events, and the jobs that come from the outbox."""
