"""Pure rules: status tables, roll-up, visibility, plans of operations. No clock, no I/O."""
