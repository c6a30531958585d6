"""Messages in: from the broker's queues through one receiving function into the database; and doorbells."""
