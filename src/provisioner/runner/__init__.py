"""Claims due operations and runs them: heartbeats, limits, shutdown; and the scheduled jobs."""
