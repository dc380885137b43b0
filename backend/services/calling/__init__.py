"""What Python callers do beside enqueueing, by the services and actions that every other face uses."""
