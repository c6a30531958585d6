"""Tables, queries, journal, inbox, outbox, leases, migrations. The only user of SQL."""
