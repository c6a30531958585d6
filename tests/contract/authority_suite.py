"""What every certificate authority's account must do, whatever authority is behind it.

A new adapter's contract test is a class that inherits `AuthoritySuite` and gives the fixture `world`:

    class TestMyAuthority(AuthoritySuite):
        @pytest.fixture
        def world(self) -> AuthorityWorld: ...
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import pytest
from cryptography import x509

from provisioner.kernel.private_keys import generate_private_key, make_csr, open_private_key
from provisioner.kernel.secret import Secret
from provisioner.ports.accounts import Adapter
from provisioner.ports.certificates import AuthorityOrder, CertificateAuthority, CertificateRequest, Challenge, Method
from provisioner.ports.effects import EffectClass, effect_of
from provisioner.ports.outcomes import Done, Pending, Rejected, Unavailable
from tests.support.processes import wait_for

numbers = itertools.count(1)
HTTP = (Method.HTTP,)
DNS = (Method.DNS,)
SUPERSEDED = 4


class AuthorityPort(CertificateAuthority, Adapter, Protocol):
    """All that an authority's adapter is."""


class AuthorityWorld(Protocol):
    """What a test sees and does behind the adapter's back."""

    zone: str
    """The suffix of the tests' names, such as `example.test`."""

    def opened(self) -> AuthorityPort:
        """A new adapter for the same account, as a process has that was started after a crash. The world closes it."""
        ...

    def show(self, challenge: Challenge) -> None:
        """Put the file or the TXT record there, beside others."""
        ...

    def issued(self) -> int:
        """How many certificates the authority has issued so far."""
        ...


def new_name(world: AuthorityWorld) -> str:
    """A name that no other test has."""
    return f"shop-{next(numbers)}.{world.zone}"


def wanted(names: Iterable[str], key: Secret | None = None) -> CertificateRequest:
    """A request for these names, with a key of its own unless one is given."""
    names = tuple(names)
    return CertificateRequest(names, make_csr(key or generate_private_key("ec"), names))


def challenge_of(told: Mapping[str, str]) -> Challenge:
    """A challenge as it comes back from the journal."""
    return Challenge(told["name"], Method(told["method"]), told["place"], told["content"], told["url"])


def challenges_of(done: Done, methods: tuple[Method, ...]) -> list[Challenge]:
    """Those challenges of an order that just was opened that are of these methods."""
    return [one for one in map(challenge_of, done.data["challenges"]) if one.method in methods]


def opened_order(authority: AuthorityPort, request: CertificateRequest) -> tuple[AuthorityOrder, Done]:
    done = authority.open_order(request)
    return AuthorityOrder(done.ref, request), done


def answered(world: AuthorityWorld, authority: AuthorityPort, request: CertificateRequest) -> AuthorityOrder:
    """An order all of whose challenges (over HTTP; of wildcards over DNS) are shown and told to the authority."""
    order, done = opened_order(authority, request)
    methods = DNS if any(name.startswith("*.") for name in request.names) else HTTP
    for challenge in challenges_of(done, methods):
        world.show(challenge)
        authority.answer(order, challenge)
    return order


def ready(world: AuthorityWorld, authority: AuthorityPort, request: CertificateRequest) -> AuthorityOrder:
    """An order all of whose names are validated."""
    order = answered(world, authority, request)
    wait_for(lambda: isinstance(authority.validated(order), Done), "every name is validated")
    return order


def issued(authority: AuthorityPort, order: AuthorityOrder) -> Done:
    """The certificate, as an engine gets it: asked for once, then looked for."""
    outcome = authority.issue(order)
    return outcome if isinstance(outcome, Done) else found(authority, order)


def found(authority: AuthorityPort, order: AuthorityOrder) -> Done:
    """The certificate of an order for which it was asked already."""

    def look() -> Done | None:
        outcome = authority.find_issued(order)
        return outcome if isinstance(outcome, Done) else None

    done = wait_for(look, "the certificate is issued")
    assert done is not None
    return done


def refused(authority: AuthorityPort, order: AuthorityOrder) -> Rejected:
    """How an order ends that comes to nothing."""

    def look() -> Rejected | None:
        try:
            authority.validated(order)
        except Rejected as rejected:
            return rejected
        return None

    ended = wait_for(look, "the order is refused")
    assert ended is not None
    return ended


def leaf_of(done: Done) -> x509.Certificate:
    return x509.load_pem_x509_certificates(done.data["chain"].encode())[0]


def names_in(certificate: x509.Certificate) -> set[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(extension.value.get_values_for_type(x509.DNSName))


class AuthoritySuite:
    """The contract. Each test takes names of its own, so that none disturbs another."""

    @pytest.fixture
    def authority(self, world: AuthorityWorld) -> AuthorityPort:
        return world.opened()

    @pytest.fixture
    def request_for_a_name(self, world: AuthorityWorld) -> CertificateRequest:
        return wanted([new_name(world)])

    # -- what may be repeated

    @pytest.mark.parametrize("operation", ["open_order", "answer", "validated", "revoke", "renewal_window"])
    def test_all_but_issuing_may_be_repeated(self, authority: AuthorityPort, operation: str) -> None:
        assert effect_of(getattr(authority, operation)).effect_class is EffectClass.IDEMPOTENT

    def test_issuing_can_be_checked(self, authority: AuthorityPort) -> None:
        effect = effect_of(authority.issue)
        assert (effect.effect_class, effect.find) == (EffectClass.CHECKABLE, "find_issued")

    def test_it_answers_a_ping(self, authority: AuthorityPort) -> None:
        assert authority.ping().warnings == ()

    def test_closing_twice_does_no_harm(self, authority: AuthorityPort) -> None:
        authority.ping()
        authority.close()
        authority.close()

    # -- orders

    def test_an_order_says_until_when_and_how_each_name_is_shown(
        self, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        done = authority.open_order(request_for_a_name)
        assert done.ref
        assert datetime.fromisoformat(done.data["expires"]).tzinfo is not None
        shown = {(one.name, one.method) for one in challenges_of(done, (*HTTP, *DNS))}
        assert shown == {(request_for_a_name.names[0], Method.HTTP), (request_for_a_name.names[0], Method.DNS)}

    def test_a_wildcard_and_its_base_are_shown_by_two_records_at_one_place(
        self, world: AuthorityWorld, authority: AuthorityPort
    ) -> None:
        base = new_name(world)
        shown = challenges_of(authority.open_order(wanted([base, f"*.{base}"])), DNS)
        assert {one.place for one in shown} == {f"_acme-challenge.{base}"}
        assert {one.name for one in shown} == {base, f"*.{base}"}
        assert len({one.content for one in shown}) == 2

    def test_nothing_is_validated_before_anything_is_shown(
        self, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        order, _ = opened_order(authority, request_for_a_name)
        outcome = authority.validated(order)
        assert isinstance(outcome, Pending)
        assert request_for_a_name.names[0] in outcome.reason

    def test_a_challenge_may_be_told_twice(
        self, world: AuthorityWorld, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        order, done = opened_order(authority, request_for_a_name)
        challenge = challenges_of(done, HTTP)[0]
        world.show(challenge)
        authority.answer(order, challenge)
        wait_for(lambda: isinstance(authority.validated(order), Done), "the name is validated")
        assert isinstance(authority.answer(order, challenge), Done)

    def test_what_is_not_shown_fails_in_the_authoritys_words(
        self, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        order, done = opened_order(authority, request_for_a_name)
        authority.answer(order, challenges_of(done, DNS)[0])
        failed = refused(authority, order)
        assert (failed.code, failed.fields) == ("validation_failed", ("/names",))
        assert request_for_a_name.names[0] in failed.message

    def test_an_order_that_failed_is_not_found_as_issued(
        self, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        order, done = opened_order(authority, request_for_a_name)
        authority.answer(order, challenges_of(done, DNS)[0])
        refused(authority, order)
        with pytest.raises(Rejected) as failed:
            authority.find_issued(order)
        assert failed.value.code in effect_of(authority.issue).ends

    @pytest.mark.parametrize("operation", ["validated", "issue", "find_issued"])
    def test_an_order_that_nobody_knows_is_gone(
        self, authority: AuthorityPort, request_for_a_name: CertificateRequest, operation: str
    ) -> None:
        order, _ = opened_order(authority, request_for_a_name)
        with pytest.raises(Rejected) as gone:
            getattr(authority, operation)(replace(order, url=f"{order.url}-never"))
        assert gone.value.code == "order_gone"

    # -- certificates

    def test_a_certificate_is_for_the_names_and_the_key(self, world: AuthorityWorld, authority: AuthorityPort) -> None:
        key, name = generate_private_key("ec"), new_name(world)
        done = issued(authority, ready(world, authority, wanted([name, f"www.{name}"], key)))
        assert names_in(leaf_of(done)) == {name, f"www.{name}"}
        assert leaf_of(done).public_key() == open_private_key(key).public_key()

    def test_a_certificate_may_be_for_an_rsa_key(self, world: AuthorityWorld, authority: AuthorityPort) -> None:
        key = generate_private_key("rsa")
        done = issued(authority, ready(world, authority, wanted([new_name(world)], key)))
        assert leaf_of(done).public_key() == open_private_key(key).public_key()

    def test_a_wildcard_is_issued_with_its_base(self, world: AuthorityWorld, authority: AuthorityPort) -> None:
        base = new_name(world)
        done = issued(authority, ready(world, authority, wanted([base, f"*.{base}"])))
        assert names_in(leaf_of(done)) == {base, f"*.{base}"}

    def test_the_chain_leads_from_the_leaf_on_without_a_root(
        self, world: AuthorityWorld, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        done = issued(authority, ready(world, authority, request_for_a_name))
        chain = x509.load_pem_x509_certificates(done.data["chain"].encode())
        for below, above in itertools.pairwise(chain):
            below.verify_directly_issued_by(above)
        assert all(one.issuer != one.subject for one in chain)
        assert set(done.data) == {"chain"}

    def test_nothing_is_found_before_it_was_asked_for(
        self, world: AuthorityWorld, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        order, _ = opened_order(authority, request_for_a_name)
        assert authority.find_issued(order) is None
        assert authority.find_issued(ready(world, authority, request_for_a_name)) is None

    def test_nothing_is_issued_before_the_names_are_validated(
        self, world: AuthorityWorld, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        order, _ = opened_order(authority, request_for_a_name)
        before = world.issued()
        with pytest.raises(Unavailable) as early:
            authority.issue(order)
        assert (early.value.code, world.issued()) == ("order_not_ready", before)

    def test_an_order_has_one_certificate(
        self, world: AuthorityWorld, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        order, before = ready(world, authority, request_for_a_name), world.issued()
        first = issued(authority, order)
        assert issued(authority, order).data["chain"] == first.data["chain"] == found(authority, order).data["chain"]
        assert world.issued() == before + 1

    def test_an_order_is_resumed_from_its_url_at_every_point(
        self, world: AuthorityWorld, request_for_a_name: CertificateRequest
    ) -> None:
        before = world.issued()
        order, done = opened_order(world.opened(), request_for_a_name)
        for challenge in challenges_of(done, HTTP):
            world.show(challenge)
            world.opened().answer(order, challenge)
        wait_for(lambda: isinstance(world.opened().validated(order), Done), "the name is validated", interval=0.1)
        world.opened().issue(order)
        assert names_in(leaf_of(found(world.opened(), order))) == set(request_for_a_name.names)
        assert world.issued() == before + 1

    @pytest.mark.parametrize("csr", ["", "no CSR", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END"])
    def test_what_is_no_csr_is_refused_before_an_order_is_made(
        self, authority: AuthorityPort, request_for_a_name: CertificateRequest, csr: str
    ) -> None:
        with pytest.raises(Rejected) as bad:
            authority.open_order(replace(request_for_a_name, csr=csr))
        assert bad.value.code == "bad_csr"

    def test_a_csr_for_other_names_is_refused(self, world: AuthorityWorld, authority: AuthorityPort) -> None:
        order, before = ready(world, authority, wanted([new_name(world)])), world.issued()
        other = replace(order, request=replace(order.request, csr=wanted([new_name(world)]).csr))
        with pytest.raises(Rejected) as bad:
            authority.issue(other)
        assert (bad.value.code, world.issued()) == ("bad_csr", before)

    # -- afterwards

    def test_a_certificate_may_be_revoked_twice(
        self, world: AuthorityWorld, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        chain = issued(authority, ready(world, authority, request_for_a_name)).data["chain"]
        assert authority.revoke(chain, SUPERSEDED).warnings == ()
        assert isinstance(authority.revoke(chain, SUPERSEDED), Done)

    def test_a_reason_that_is_none_is_refused(
        self, world: AuthorityWorld, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        chain = issued(authority, ready(world, authority, request_for_a_name)).data["chain"]
        with pytest.raises(Rejected) as bad:
            authority.revoke(chain, 7)
        assert bad.value.code == "bad_reason"

    def test_a_renewal_window_is_told_whole_or_not_at_all(
        self, world: AuthorityWorld, authority: AuthorityPort, request_for_a_name: CertificateRequest
    ) -> None:
        done = authority.renewal_window(issued(authority, ready(world, authority, request_for_a_name)).data["chain"])
        assert set(done.data) in (set(), {"start", "end", "look_again"})
        assert _in_order(done.data)


def _in_order(window: Mapping[str, Any]) -> bool:
    return not window or datetime.fromisoformat(window["start"]) <= datetime.fromisoformat(window["end"])
