import httpx
import pytest

from provisioner.ports.outcomes import Rejected, Unavailable, Uncertain
from tests.unit.plesk.scripted import ABSENT, CUSTOMER, OK, customer, empty_server, hosting, refused, webspace

EXISTS = refused(1007, "Client with login name 'demo' already exists.")
EXISTS_AS_RESELLER = refused(
    1019, 'Unable to set login or password argument: A user with username "demo" already exists.'
)


def test_a_missing_customer_is_made_with_our_mark() -> None:
    server = empty_server()
    done = hosting(server).ensure_customer(CUSTOMER)
    assert (done.ref, done.data) == ("guid-c", {"id": "3", "login": "demo"})
    assert server.body("customer/add").findtext("gen_info/external-id") == "cust:c-1"


def test_our_customer_is_found_and_not_made_again() -> None:
    server = empty_server().on("customer/get", customer())
    assert hosting(server).ensure_customer(CUSTOMER).ref == "guid-c"
    assert server.operations() == ["customer/get"]


def test_our_customer_keeps_its_login_when_another_was_chosen_since() -> None:
    server = empty_server().on("customer/get", customer(login="demo-old"))
    assert hosting(server).ensure_customer(CUSTOMER).data["login"] == "demo-old"


@pytest.mark.parametrize("mark", ["", "cust:c-2", "someone else's"])
def test_a_login_of_someone_else_is_taken_and_nothing_is_made(mark: str) -> None:
    server = empty_server().on("customer/get", ABSENT, customer(mark=mark))
    with pytest.raises(Rejected) as taken:
        hosting(server).ensure_customer(CUSTOMER)
    assert (taken.value.code, taken.value.fields) == ("login_taken", ("/login",))
    assert "customer/add" not in server.operations()


def test_a_server_that_ignores_the_filter_gives_nobody_away() -> None:
    server = empty_server().on("customer/get", customer(mark="cust:c-2"))
    assert hosting(server).find_customer(CUSTOMER) is None


@pytest.mark.parametrize("answer", [EXISTS, EXISTS_AS_RESELLER, refused(1002), refused(4242)])
def test_a_customer_that_an_earlier_attempt_made_meanwhile_is_adopted(answer: str) -> None:
    server = empty_server().on("customer/get", ABSENT, ABSENT, customer()).on("customer/add", answer)
    assert hosting(server).ensure_customer(CUSTOMER).ref == "guid-c"


@pytest.mark.parametrize("answer", [EXISTS, EXISTS_AS_RESELLER, refused(1002)])
def test_a_conflict_with_something_unseen_means_that_the_login_is_taken(answer: str) -> None:
    with pytest.raises(Rejected) as taken:
        hosting(empty_server().on("customer/add", answer)).ensure_customer(CUSTOMER)
    assert taken.value.code == "login_taken"


def test_an_unknown_code_is_final_after_a_look_up() -> None:
    server = empty_server().on("customer/add", refused(4242))
    with pytest.raises(Rejected) as final:
        hosting(server).ensure_customer(CUSTOMER)
    assert (final.value.code, final.value.vendor_code) == ("vendor_error", "4242")
    assert server.operations()[-3:] == ["customer/add", "customer/get", "customer/get"]


def test_an_invalid_value_is_final_at_once() -> None:
    server = empty_server().on("customer/add", refused(1019, "bad e-mail"))
    with pytest.raises(Rejected, match="bad e-mail"):
        hosting(server).ensure_customer(CUSTOMER)
    assert server.operations()[-1] == "customer/add"


def test_a_server_that_is_not_ready_is_asked_again_from_the_look_up_on() -> None:
    made = "<result><status>ok</status><id>3</id><guid>guid-c</guid></result>"
    server = empty_server().on("customer/add", refused(1003), refused(1003), made)
    assert hosting(server).ensure_customer(CUSTOMER).ref == "guid-c"
    assert server.operations() == ["customer/get", "customer/get", "customer/add"] * 3


def test_a_server_that_stays_unready_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        hosting(empty_server().on("customer/add", refused(1003))).ensure_customer(CUSTOMER)


@pytest.mark.parametrize(
    "answer",
    [httpx.ReadTimeout("no"), httpx.ReadError("no"), httpx.Response(502, text="<html/>"), httpx.Response(200, text="")],
)
def test_an_unknown_outcome_is_never_repeated(answer: httpx.Response | httpx.RequestError) -> None:
    server = empty_server().on("customer/add", answer)
    with pytest.raises(Uncertain):
        hosting(server).ensure_customer(CUSTOMER)
    assert server.operations().count("customer/add") == 1


def test_a_disabled_customer_is_found_with_a_warning() -> None:
    disabled = customer().replace("<status>0</status>", "<status>16</status>")
    done = hosting(empty_server().on("customer/get", disabled)).ensure_customer(CUSTOMER)
    assert done.warnings == ("the customer account is not active (status 16)",)


def test_a_long_customer_id_becomes_a_mark_of_fifty_characters_at_most() -> None:
    server = empty_server()
    long_id = CUSTOMER.__class__(customer_id="c" * 200, name="Demo", login="demo", password=CUSTOMER.password)
    hosting(server).ensure_customer(long_id)
    mark = server.body("customer/add").findtext("gen_info/external-id") or ""
    assert mark.startswith("cust:")
    assert len(mark) <= 50


def test_our_empty_customer_is_removed_by_guid() -> None:
    server = empty_server().on("customer/get", customer()).on("webspace/get", ABSENT).on("customer/del", OK)
    assert hosting(server).remove_customer("guid-c").warnings == ()
    assert [(each.tag, each.text) for each in server.body("customer/del")[0]] == [("guid", "guid-c")]


def test_a_customer_that_is_gone_is_removed() -> None:
    server = empty_server().on("customer/get", ABSENT)
    assert hosting(server).remove_customer("guid-c").warnings == ()
    assert server.operations() == ["customer/get"]


def test_an_answer_without_data_is_no_proof_that_a_customer_is_gone() -> None:
    with pytest.raises(Unavailable):
        hosting(empty_server().on("customer/get", OK)).remove_customer("guid-c")


def test_our_customer_that_only_its_login_shows_is_adopted() -> None:
    server = empty_server().on("customer/get", ABSENT, customer())
    assert hosting(server).ensure_customer(CUSTOMER).ref == "guid-c"
    assert "customer/add" not in server.operations()


def test_a_customer_that_goes_while_it_is_removed_is_done() -> None:
    server = empty_server().on("customer/get", customer()).on("webspace/get", ABSENT).on("customer/del", ABSENT)
    assert hosting(server).remove_customer("guid-c").ref == "guid-c"


def test_a_customer_without_our_mark_is_left_alone() -> None:
    server = empty_server().on("customer/get", customer(mark=""))
    assert hosting(server).remove_customer("guid-c").warnings
    assert "customer/del" not in server.operations()


def test_a_customer_that_owns_something_is_left_alone() -> None:
    server = empty_server().on("customer/get", customer()).on("webspace/get", webspace(mark="anyone's"))
    assert hosting(server).remove_customer("guid-c").warnings
    assert "customer/del" not in server.operations()


def test_an_empty_reference_removes_nobody() -> None:
    server = empty_server()
    with pytest.raises(Rejected):
        hosting(server).remove_customer("")
    assert server.operations() == []
