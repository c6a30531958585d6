"""What every other package may use: clock, ids, secrets, redaction, errors, settings, logging, crash points."""
