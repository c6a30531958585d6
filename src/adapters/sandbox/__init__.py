"""Wire-level simulators of the vendors: they speak the vendor's protocol, keep an effect ledger and take a fault plan.

They share no code with the adapters: both sides are written from the vendor's documents, so that a mistake in one is
not hidden by the same mistake in the other.
"""
