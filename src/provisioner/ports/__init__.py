"""What a workflow may ask of the outside: one Protocol for each kind of vendor, and the outcomes that all share."""
