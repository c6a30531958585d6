"""The only place where things are wired: settings -> store, broker, adapters (entry points) -> processes."""

from provisioner.app.main import main

__all__ = ["main"]
