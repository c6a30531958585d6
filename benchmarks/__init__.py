"""What an order costs: ours beside a plain actor, DBOS, and the bare database, on servers of the benchmark's own."""
