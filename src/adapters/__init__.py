"""One folder for each vendor: a client (the wire), an adapter (the port), and errors (the table)."""
