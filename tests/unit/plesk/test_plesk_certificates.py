import pytest

from adapters.plesk import sites
from provisioner.ports.outcomes import Done, Misconfigured, Rejected, Unavailable, Uncertain
from tests.unit.plesk.scripted import ABSENT, OK, hosting, refused, webspace
from tests.unit.plesk.scripted_sites import ABOVE, CERTIFICATE, KEY, LEAF, SITE, pool, server, site

NAME = CERTIFICATE.name


def test_leaf_and_intermediates_are_sent_apart_and_the_csr_is_there_though_empty() -> None:
    panel = server().on("certificate/install", OK)
    hosting(panel).install_certificate(SITE, CERTIFICATE)
    sent = panel.body("certificate/install")
    assert [each.tag for each in sent] == ["name", "site", "content"]
    assert [(each.tag, each.text) for each in sent[2]] == [("csr", None), ("pvt", KEY), ("cert", LEAF), ("ca", ABOVE)]


def test_a_certificate_goes_into_the_repository_of_the_main_site_by_the_name_that_plesk_gives_it() -> None:
    panel = server().on("site/get", site("renamed.example")).on("certificate/install", OK)
    hosting(panel).install_certificate(SITE, CERTIFICATE)
    assert panel.body("certificate/install").findtext("site") == "renamed.example"


def test_an_installation_that_plesk_finds_done_is_done_when_the_repository_says_so() -> None:
    panel = server().on("certificate/install", refused(1007)).on("certificate/get-pool", pool(), pool(NAME))
    assert hosting(panel).install_certificate(SITE, CERTIFICATE) == Done(NAME)


def test_an_installation_that_plesk_finds_done_is_refused_when_the_repository_does_not_say_so() -> None:
    panel = server().on("certificate/install", refused(1007))
    with pytest.raises(Rejected) as failed:
        hosting(panel).install_certificate(SITE, CERTIFICATE)
    assert failed.value.code == "already_exists"


@pytest.mark.parametrize("answer", ["<result><status>ok</status></result>", ABSENT])
def test_a_repository_of_which_nothing_is_said_is_empty(answer: str) -> None:
    panel = server().on("certificate/get-pool", answer)
    assert hosting(panel).find_certificate(SITE, CERTIFICATE) is None


def test_a_subscription_that_goes_away_meanwhile_is_not_found() -> None:
    panel = server().on("certificate/install", refused(1015, "domain does not exist"))
    with pytest.raises(Rejected) as failed:
        hosting(panel).install_certificate(SITE, CERTIFICATE)
    assert (failed.value.code, failed.value.fields) == ("subscription_not_found", ())


def test_a_main_site_of_another_subscription_is_not_touched() -> None:
    panel = server().on("site/get", site(webspace_id="8"))
    with pytest.raises(Unavailable):
        hosting(panel).use_certificate(SITE, NAME)
    assert "site/set" not in panel.operations()


def test_using_switches_tls_on_together_with_the_certificate() -> None:
    panel = server().on("site/get", site(), site(ssl="true", certificate_name=NAME)).on("site/set", OK)
    hosting(panel).use_certificate(SITE, NAME)
    properties = panel.body("site/set").findall("values/hosting/vrt_hst/property")
    assert [(each.findtext("name"), each.findtext("value")) for each in properties] == [
        ("ssl", "true"),
        ("certificate_name", NAME),
    ]
    assert panel.body("site/set").findtext("filter/id") == "7"


def test_a_certificate_that_is_chosen_while_tls_is_off_is_not_in_use_yet() -> None:
    chosen = site(ssl="false", certificate_name=NAME)
    panel = server().on("site/get", chosen, site(ssl="true", certificate_name=NAME)).on("site/set", OK)
    assert hosting(panel).use_certificate(SITE, NAME).data["before"] == ""
    assert "site/set" in panel.operations()


def test_a_choice_that_plesk_accepts_and_does_not_show_is_uncertain() -> None:
    panel = server().on("site/set", OK)
    with pytest.raises(Uncertain) as failed:
        hosting(panel).use_certificate(SITE, NAME)
    assert failed.value.code == "certificate_not_applied"


def test_a_site_without_web_hosting_serves_no_certificate() -> None:
    panel = server().on("site/get", site().replace("<htype>vrt_hst</htype>", "<htype>std_fwd</htype>"))
    with pytest.raises(Rejected) as failed:
        hosting(panel).use_certificate(SITE, NAME)
    assert failed.value.code == "no_web_hosting"


def test_whether_one_that_is_chosen_while_tls_is_off_can_be_removed_is_for_plesk_to_say() -> None:
    panel = server().on("site/get", site(ssl="false", certificate_name=NAME)).on("certificate/get-pool", pool(NAME))
    hosting(panel.on("certificate/remove", OK)).remove_certificate(SITE, NAME)
    assert "certificate/remove" in panel.operations()


def test_a_removal_that_failed_on_the_way_is_uncertain_though_the_certificate_is_gone() -> None:
    panel = server().on("certificate/get-pool", pool(NAME), pool()).on("certificate/remove", refused(1023))
    with pytest.raises(Uncertain):
        hosting(panel).remove_certificate(SITE, NAME)


def test_a_removal_whose_end_cannot_be_looked_up_stays_uncertain() -> None:
    panel = server().on("certificate/get-pool", pool(NAME), refused(1003)).on("certificate/remove", refused(1023))
    with pytest.raises(Uncertain):
        hosting(panel).remove_certificate(SITE, NAME)


def test_a_removal_names_one_certificate_and_one_repository() -> None:
    panel = server().on("certificate/get-pool", pool(NAME)).on("certificate/remove", OK)
    hosting(panel).remove_certificate(SITE, NAME)
    sent = panel.body("certificate/remove")
    assert [(each.tag, each.text or each.findtext("name")) for each in sent] == [
        ("filter", NAME),
        ("site", "demo.example"),
    ]


def test_a_login_that_may_not_handle_certificates_fails_this_certificate_and_parks_nothing() -> None:
    panel = server().on("certificate/get-pool", refused(1006, "permission denied"))
    with pytest.raises(Rejected) as failed:
        hosting(panel).install_certificate(SITE, CERTIFICATE)
    assert (failed.value.code, failed.value.vendor_code) == ("certificates_not_permitted", "1006")


def test_a_login_that_is_not_good_at_all_is_for_an_operator() -> None:
    with pytest.raises(Misconfigured):
        hosting(server().on("certificate/get-pool", refused(1001))).install_certificate(SITE, CERTIFICATE)


def test_a_subscription_without_our_mark_is_left_alone() -> None:
    panel = server().on("webspace/get", webspace(mark="someone:else"))
    with pytest.raises(Rejected) as failed:
        hosting(panel).install_certificate(SITE, CERTIFICATE)
    assert failed.value.code == "not_ours"
    assert panel.operations() == ["webspace/get"]


@pytest.mark.parametrize(
    ("root", "folder"),
    [
        ("/var/www/vhosts/demo.example/httpdocs", "httpdocs"),
        ("/var/www/vhosts/demo.example/httpdocs/public", "httpdocs/public"),
        ("/var/www/vhosts/demo.example/shop.example/", "shop.example"),
        ("C:\\inetpub\\vhosts\\demo.example\\httpdocs", "httpdocs"),
        ("/var/www/vhosts/demo.example/../../../etc", "etc"),
        ("/var/www/vhosts/demo.example", "httpdocs"),
        ("/srv/elsewhere", "httpdocs"),
        ("", "httpdocs"),
    ],
)
def test_the_pages_of_a_site_lie_where_its_system_user_sees_them(root: str, folder: str) -> None:
    assert sites._folder(root) == folder
