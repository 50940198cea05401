"""What was told to a log or a queue, turned into batches of requests with a position."""
