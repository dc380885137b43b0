"""What waits in this process for transactions of callers to end."""
