"""The engine (step, wait, undo) and the workflows, one module for each product."""
