"""`provisioner keys`: the ring of keys that seals secrets."""

import click

from provisioner.console import output
from provisioner.console.session import Session, json_option, pass_session
from provisioner.kernel.sealing import KeyRing


@click.group()
def keys() -> None:
    """The keys that seal secrets: create, public, rotate."""


@keys.command()
@pass_session
def create(session: Session) -> None:
    """Make the key ring, with one key. One that is there is never overwritten."""
    path = session.installation.settings.key_ring
    ring = KeyRing.create(path)
    output.line(f"{path} holds the key {ring.active_id}; keep a copy of the file where the database's copies are not")


@keys.command()
@json_option
@pass_session
def public(session: Session, *, as_json: bool) -> None:
    """The public half of the active key, with which storefronts seal passwords."""
    key = session.installation.keys().public_key()
    if as_json:
        output.document(key)
        return
    output.line(f"{key.key_id} {key.key}")


@keys.command()
@click.option("--reseal-only", is_flag=True, help="Make no new key; finish a rotation that was interrupted.")
@pass_session
def rotate(session: Session, *, reseal_only: bool) -> None:
    """Add a key, make it the active one, and seal every kept secret anew with it.

    Old keys stay in the ring: messages may be on their way that were sealed with them.
    """
    store, ring = session.store, session.installation.keys()
    active = ring.active_id if reseal_only else ring.rotate()
    output.line(f"the active key is {active}; give storefronts its public half: provisioner keys public")
    output.line(f"{store.credentials.reseal_all()} secrets were sealed anew")
