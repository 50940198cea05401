"""What a request is, and what follows from it. Pure: no I/O, no clock, no SQLite."""
