"""Where an authority has several chains, the one that the account prefers is taken."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from adapters.acme import AcmeAuthority, open_adapter
from adapters.sandbox.acme import RunningAuthority, start_simulator
from adapters.sandbox.acme.hierarchy import ROOTS
from provisioner.kernel.clock import SystemClock
from provisioner.ports.accounts import VendorAccount
from provisioner.ports.certificates import AuthorityOrder, Challenge
from provisioner.ports.outcomes import Done
from tests.contract.acme.between import CERTIFICATE, Between, Reply
from tests.contract.acme.world import PebbleWorld
from tests.contract.authority_suite import found, issued, new_name, ready, wanted
from tests.contract.sandbox_acme.world import World

OTHERS = "/other/"


class TwoRoots:
    """The simulated authority, which has a chain to each of two roots."""

    zone = "example.test"

    def __init__(self, seen: World, simulator: RunningAuthority) -> None:
        self._seen = seen
        self._simulator = simulator

    def opened(self, **settings: str) -> AcmeAuthority:
        told = {**self._simulator.settings, **settings}
        account = VendorAccount("sandbox", "acme", settings=told, credentials=self._simulator.credentials)
        return open_adapter(account, SystemClock())

    def show(self, challenge: Challenge) -> None:
        self._seen.show_file(challenge.name, challenge.place, challenge.content)

    def issued(self) -> int:
        return len(self._simulator.ledger.effects(operation="certificate:issue"))


@pytest.fixture(scope="module")
def two_roots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoRoots]:
    folder: Path = tmp_path_factory.mktemp("authority")
    with World() as seen:
        surroundings = {"http_address": seen.http_address, "dns_server": seen.dns_server}
        with start_simulator(data_dir=folder, world=surroundings) as simulator:
            yield TwoRoots(seen, simulator)


def top_issuer(chain: str) -> str:
    top = x509.load_pem_x509_certificates(chain.encode())[-1]
    return str(top.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def only_leaf(chain: str) -> str:
    """A chain that ends sooner, so that its top is issued by the intermediate."""
    return chain[: chain.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"


def offer_others(wire: Between, *replies: Reply) -> None:
    """Have each certificate name other chains, with a whole URL and with a part of one."""
    bases = [wire.url, ""]
    links = [f'<{bases[place % 2]}{OTHERS}{place}>;rel="alternate"' for place in range(len(replies))]
    link = ", ".join([f'<{wire.url}/index>;rel="index"', *links])
    wire.change(CERTIFICATE, lambda answer: replace(answer, headers={**answer.headers, "Link": link}))
    for place, reply in enumerate(replies):
        wire.say(f"{OTHERS}{place}", reply, writing=False, times=9)


def others_asked(wire: Between) -> int:
    return sum(one.path.startswith(OTHERS) for one in wire.requests)


@pytest.fixture
def order(scripted_world: PebbleWorld) -> AuthorityOrder:
    """An order whose certificate is issued."""
    authority = scripted_world.opened()
    made = ready(scripted_world, authority, wanted([new_name(scripted_world)]))
    issued(authority, made)
    return made


@pytest.fixture
def chain(scripted_world: PebbleWorld, order: AuthorityOrder) -> str:
    """The default chain of the order."""
    return str(found(scripted_world.opened(), order).data["chain"])


@pytest.mark.parametrize("preferred", [*ROOTS, ""])
def test_the_chain_to_the_preferred_root_is_taken(two_roots: TwoRoots, preferred: str) -> None:
    authority = two_roots.opened(preferred_chain=preferred)
    done = issued(authority, ready(two_roots, authority, wanted([new_name(two_roots)])))
    assert (top_issuer(done.data["chain"]), done.warnings) == (preferred or ROOTS[0], ())
    authority.close()


@pytest.mark.parametrize("ask", [issued, found])
def test_the_preferred_chain_is_found_among_the_others(
    scripted_world: PebbleWorld,
    wire: Between,
    order: AuthorityOrder,
    chain: str,
    ask: Callable[[AcmeAuthority, AuthorityOrder], Done],
) -> None:
    wanted_chain = only_leaf(chain)
    offer_others(wire, Reply(200, chain.encode()), Reply(200, wanted_chain.encode()))
    authority = scripted_world.opened(preferred_chain=top_issuer(wanted_chain))
    assert ask(authority, order) == Done(order.url, {"chain": wanted_chain})


def test_a_default_chain_that_fits_is_taken_at_once(
    scripted_world: PebbleWorld, wire: Between, order: AuthorityOrder, chain: str
) -> None:
    offer_others(wire, Reply(200, only_leaf(chain).encode()))
    authority = scripted_world.opened(preferred_chain=top_issuer(chain))
    assert found(authority, order).data["chain"] == chain
    assert others_asked(wire) == 0


def test_without_a_preference_no_other_chain_is_asked_for(
    scripted_world: PebbleWorld, wire: Between, order: AuthorityOrder, chain: str
) -> None:
    offer_others(wire, Reply(200, only_leaf(chain).encode()))
    assert found(scripted_world.opened(), order).data["chain"] == chain
    assert others_asked(wire) == 0


def test_where_no_chain_fits_the_default_is_taken_and_it_is_told(
    scripted_world: PebbleWorld, wire: Between, order: AuthorityOrder, chain: str
) -> None:
    offer_others(wire, Reply(200, only_leaf(chain).encode()))
    done = found(scripted_world.opened(preferred_chain="Nobody's Root"), order)
    assert done.data["chain"] == chain
    assert len(done.warnings) == 1
    assert "Nobody's Root" in done.warnings[0]


@pytest.mark.parametrize("reply", [Reply(500), Reply(404), Reply(200, b"no certificate")])
def test_a_chain_is_worth_more_than_others_that_cannot_be_fetched(
    scripted_world: PebbleWorld, wire: Between, order: AuthorityOrder, chain: str, reply: Reply
) -> None:
    offer_others(wire, reply)
    done = found(scripted_world.opened(preferred_chain="Nobody's Root"), order)
    assert done.data["chain"] == chain
    assert "could not be fetched" in done.warnings[1]
