"""What every other package may use: clock, ids, secrets and redaction, errors, settings, logging, named crash points."""
