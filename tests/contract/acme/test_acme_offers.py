"""What newer authorities offer: renewal information, replacing, profiles. Pebble 2.4 has none of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioner.kernel.clock import FakeClock, SystemClock
from provisioner.ports.certificates import CertificateRequest
from provisioner.ports.outcomes import Done, Misconfigured, Rejected, Throttled
from tests.contract.acme.between import NEW_ORDER, Between, Reply, as_json, problem
from tests.contract.acme.world import PebbleWorld
from tests.contract.authority_suite import issued, leaf_of, new_name, ready, wanted

WINDOW = {"start": "2026-09-01T00:00:00Z", "end": "2026-09-03T12:30:00+02:00"}
ARI = "/ari/"


@pytest.fixture
def certificate(scripted_world: PebbleWorld) -> Done:
    """A certificate that is to be renewed one day."""
    authority = scripted_world.opened()
    return issued(authority, ready(scripted_world, authority, wanted([new_name(scripted_world)])))


@pytest.fixture
def renewing(scripted_world: PebbleWorld, wire: Between, certificate: Done) -> CertificateRequest:
    """A request that replaces that certificate, at an authority that knows of such things."""
    wire.offer(renewalInfo=f"{wire.url}/ari")
    return replace(wanted([new_name(scripted_world)]), replaces=certificate.data["chain"])


# -- renewal information


def test_a_renewal_window_is_told_in_utc(scripted_world: PebbleWorld, wire: Between, certificate: Done) -> None:
    wire.offer(renewalInfo=f"{wire.url}/ari")
    wire.say(ARI, as_json({"suggestedWindow": WINDOW}, Retry_After="21600"), method="GET")
    clock = FakeClock(SystemClock().now())
    told = scripted_world.opened(clock).renewal_window(certificate.data["chain"]).data
    assert told == {
        "start": "2026-09-01T00:00:00+00:00",
        "end": "2026-09-03T10:30:00+00:00",
        "look_again": (clock.now() + timedelta(hours=6)).isoformat(),
    }


def test_the_window_is_asked_for_by_the_certificates_own_identifier(
    scripted_world: PebbleWorld, wire: Between, certificate: Done
) -> None:
    wire.offer(renewalInfo=f"{wire.url}/ari")
    wire.say(ARI, as_json({"suggestedWindow": WINDOW}), method="GET")
    scripted_world.opened().renewal_window(certificate.data["chain"])
    asked = next(one.path for one in wire.requests if one.path.startswith(ARI))
    assert len(asked.removeprefix(ARI).split(".")) == 2


@pytest.mark.parametrize(("header", "minutes"), [("1", 1), ("99999999", 24 * 60), ("soon", 6 * 60)])
def test_an_authority_is_asked_again_within_a_minute_and_a_day(
    scripted_world: PebbleWorld, wire: Between, certificate: Done, header: str, minutes: int
) -> None:
    wire.offer(renewalInfo=f"{wire.url}/ari")
    wire.say(ARI, as_json({"suggestedWindow": WINDOW}, Retry_After=header), method="GET")
    clock = FakeClock(SystemClock().now())
    told = scripted_world.opened(clock).renewal_window(certificate.data["chain"]).data
    assert told["look_again"] == (clock.now() + timedelta(minutes=minutes)).isoformat()


@pytest.mark.parametrize(
    "reply",
    [
        problem("malformed", 404),
        problem("unauthorized", 403),
        as_json({}),
        as_json([]),
        as_json({"suggestedWindow": "soon"}),
        as_json({"suggestedWindow": {"start": "2026-09-01T00:00:00Z"}}),
        as_json({"suggestedWindow": {"start": WINDOW["end"], "end": WINDOW["start"]}}),
        as_json({"suggestedWindow": {"start": "2026-09-01", "end": "2026-09-03"}}),
    ],
)
def test_a_window_that_makes_no_sense_is_none(
    scripted_world: PebbleWorld, wire: Between, certificate: Done, reply: Reply
) -> None:
    wire.offer(renewalInfo=f"{wire.url}/ari")
    wire.say(ARI, reply, method="GET")
    assert scripted_world.opened().renewal_window(certificate.data["chain"]).data == {}


def test_a_limit_on_asking_for_windows_is_obeyed(scripted_world: PebbleWorld, wire: Between, certificate: Done) -> None:
    wire.offer(renewalInfo=f"{wire.url}/ari")
    wire.say(ARI, problem("rateLimited", 429, Retry_After="90"), method="GET")
    with pytest.raises(Throttled) as limited:
        scripted_world.opened().renewal_window(certificate.data["chain"])
    assert limited.value.retry_after == 90


def test_an_expired_certificate_is_not_asked_about(
    scripted_world: PebbleWorld, wire: Between, certificate: Done
) -> None:
    wire.offer(renewalInfo=f"{wire.url}/ari")
    later = FakeClock(leaf_of(certificate).not_valid_after_utc)
    assert scripted_world.opened(later).renewal_window(certificate.data["chain"]).data == {}
    assert not [one for one in wire.requests if one.path.startswith(ARI)]


# -- replacing


def test_a_renewal_says_what_it_replaces(
    scripted_world: PebbleWorld, wire: Between, renewing: CertificateRequest
) -> None:
    scripted_world.opened().open_order(renewing)
    assert wire.messages(NEW_ORDER)[-1]["replaces"]


def test_nothing_is_said_of_replacing_to_an_authority_that_does_not_know_of_it(
    scripted_world: PebbleWorld, wire: Between, certificate: Done
) -> None:
    request = replace(wanted([new_name(scripted_world)]), replaces=certificate.data["chain"])
    scripted_world.opened().open_order(request)
    assert "replaces" not in wire.messages(NEW_ORDER)[-1]


def test_what_is_replaced_already_is_said_to_be(
    scripted_world: PebbleWorld, wire: Between, renewing: CertificateRequest
) -> None:
    wire.say(NEW_ORDER, problem("alreadyReplaced", 409))
    with pytest.raises(Rejected) as replaced:
        scripted_world.opened().open_order(renewing)
    assert (replaced.value.code, replaced.value.vendor_code) == ("already_replaced", "alreadyReplaced")


@pytest.mark.parametrize(("kind", "status"), [("malformed", 400), ("malformed", 404), ("unauthorized", 403)])
def test_a_certificate_of_another_authority_is_renewed_as_a_new_one(
    scripted_world: PebbleWorld, wire: Between, renewing: CertificateRequest, kind: str, status: int
) -> None:
    wire.say(NEW_ORDER, problem(kind, status))
    assert scripted_world.opened().open_order(renewing).ref
    assert ["replaces" in message for message in wire.messages(NEW_ORDER)[-2:]] == [True, False]


def test_a_chain_that_cannot_be_read_replaces_nothing(
    scripted_world: PebbleWorld, wire: Between, renewing: CertificateRequest
) -> None:
    scripted_world.opened().open_order(replace(renewing, replaces="no certificate"))
    assert "replaces" not in wire.messages(NEW_ORDER)[-1]


# -- profiles


@pytest.fixture
def profiled(scripted_world: PebbleWorld, wire: Between) -> PebbleWorld:
    """An authority with two profiles."""
    wire.offer(meta={"profiles": {"classic": "as ever", "shortlived": "six days"}})
    return scripted_world


@pytest.mark.parametrize(
    ("setting", "asked", "sent"),
    [("", "shortlived", "shortlived"), ("classic", "", "classic"), ("classic", "shortlived", "shortlived")],
)
def test_the_orders_profile_counts_before_the_accounts(
    profiled: PebbleWorld, wire: Between, setting: str, asked: str, sent: str
) -> None:
    profiled.opened(profile=setting).open_order(replace(wanted([new_name(profiled)]), profile=asked))
    assert wire.messages(NEW_ORDER)[-1]["profile"] == sent


def test_without_a_profile_none_is_named(profiled: PebbleWorld, wire: Between) -> None:
    profiled.opened().open_order(wanted([new_name(profiled)]))
    assert "profile" not in wire.messages(NEW_ORDER)[-1]


def test_a_profile_that_is_not_offered_is_refused(profiled: PebbleWorld, wire: Between) -> None:
    with pytest.raises(Rejected) as unknown:
        profiled.opened().open_order(replace(wanted([new_name(profiled)]), profile="platinum"))
    assert unknown.value.code == "profile_unknown"
    assert wire.messages(NEW_ORDER) == []


def test_an_account_with_a_profile_that_is_not_offered_is_for_an_operator(profiled: PebbleWorld) -> None:
    with pytest.raises(Misconfigured) as unknown:
        profiled.opened(profile="platinum").open_order(wanted([new_name(profiled)]))
    assert unknown.value.code == "profile_unknown"


def test_a_profile_that_the_authority_takes_back_is_refused(profiled: PebbleWorld, wire: Between) -> None:
    wire.say(NEW_ORDER, problem("invalidProfile", 400))
    with pytest.raises(Rejected) as unknown:
        profiled.opened().open_order(replace(wanted([new_name(profiled)]), profile="classic"))
    assert unknown.value.code == "profile_unknown"


# -- refusals of names


@pytest.mark.parametrize(
    ("kind", "code"), [("rejectedIdentifier", "identifier_rejected"), ("caa", "caa_forbids"), ("badCSR", "bad_csr")]
)
def test_a_refused_order_has_a_code_of_ours_and_the_authoritys_words(
    scripted_world: PebbleWorld, wire: Between, kind: str, code: str
) -> None:
    wire.say(NEW_ORDER, problem(kind, 400, detail="the policy forbids it"))
    with pytest.raises(Rejected) as refused:
        scripted_world.opened().open_order(wanted([new_name(scripted_world)]))
    assert (refused.value.code, refused.value.vendor_code) == (code, kind)
    assert "the policy forbids it" in refused.value.message


def test_each_refused_name_has_its_own_words(scripted_world: PebbleWorld, wire: Between) -> None:
    parts = [
        {
            "type": "urn:ietf:params:acme:error:rejectedIdentifier",
            "detail": f"{name} is on a list",
            "identifier": {"type": "dns", "value": name},
        }
        for name in ("one.example.test", "two.example.test")
    ]
    body: dict[str, Any] = {**problem("compound", 400).json(), "subproblems": parts}
    wire.say(NEW_ORDER, replace(as_json(body), status=400))
    with pytest.raises(Rejected) as refused:
        scripted_world.opened().open_order(wanted([new_name(scripted_world)]))
    assert refused.value.code == "identifier_rejected"
    assert all(
        f"{name}: {name} is on a list" in refused.value.message for name in ("one.example.test", "two.example.test")
    )
