"""Events out: from the outbox to the exchange `provisioner.events`, each at least once, in order for each subject."""
