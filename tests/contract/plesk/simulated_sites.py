"""Sites on a simulated Plesk server, seen from the world, and what happens to them behind the adapter's back."""

from collections.abc import Iterator
from contextlib import contextmanager
from xml.sax.saxutils import escape

import dns.message
import dns.query
import httpx
from dns.rdtypes.txtbase import TXTBase

from adapters.plesk import PleskHosting
from adapters.sandbox.plesk import RunningPlesk, start_simulator
from provisioner.kernel.secret import Secret
from provisioner.ports.certificates import Site
from tests.contract.hosting_suite import new_customer, new_subscription
from tests.contract.plesk import simulated
from tests.contract.plesk.simulated import PleskWorld


@contextmanager
def running() -> Iterator["SitesWorld"]:
    with start_simulator(address="127.0.0.1") as simulator:
        world = SitesWorld(simulator)
        try:
            yield world
        finally:
            world.close()


def new_site(panel: PleskHosting) -> Site:
    """A site of ours, made by the adapter itself."""
    wanted = new_subscription(panel.ensure_customer(new_customer()).ref, simulated.PLAN)
    return Site(panel.create_subscription(wanted).ref, wanted.domain, wanted.login, wanted.password)


class SitesWorld(PleskWorld):
    """What a test of certificates sees and does."""

    def __init__(self, simulator: RunningPlesk) -> None:
        super().__init__(simulator)
        self.ports = simulator

    def shown_values(self, name: str) -> list[str]:
        question = dns.message.make_query(name, "TXT")
        answer = dns.query.udp(question, "127.0.0.1", port=self.ports.dns_port, timeout=10)
        records = [record for answered in answer.answer for record in answered if isinstance(record, TXTBase)]
        return [b"".join(record.strings).decode() for record in records]

    def shown_file(self, name: str, token: str) -> str | None:
        url = f"http://127.0.0.1:{self.ports.http_port}/.well-known/acme-challenge/{token}"
        answer = httpx.get(url, headers={"Host": name})
        return answer.text if answer.is_success else None

    def repository(self, site: Site) -> list[str]:
        filtered = f"<filter><domain-name>{site.domain}</domain-name></filter>"
        pool = self.send(f"<certificate><get-pool>{filtered}</get-pool></certificate>")
        return [each.text or "" for each in pool.iterfind("certificates/certificate/name")]

    def foreign_site(self) -> Site:
        domain = f"foreign-{self.effects()}.example"
        return Site(self.foreign_subscription(domain), domain, "theirs", Secret("Zq7!someone"))

    def its_customer_changes_the_password(self, site: Site) -> None:
        self.set_property(site.domain, "ftp_password", "Zq7!another-one")

    def somebody_removes(self, site: Site) -> None:
        gone = self.send(f"<webspace><del><filter><guid>{site.ref}</guid></filter></del></webspace>")
        assert gone.findtext("status") == "ok"

    def add_site(self, site: Site, domain: str) -> None:
        """One more domain in the subscription, with pages of its own."""
        setup = f"<gen_setup><name>{domain}</name><webspace-guid>{site.ref}</webspace-guid></gen_setup>"
        root = f"<property><name>www_root</name><value>/var/www/vhosts/{site.domain}/{domain}</value></property>"
        made = self.send(f"<site><add>{setup}<hosting><vrt_hst>{root}</vrt_hst></hosting></add></site>")
        assert made.findtext("status") == "ok", made.findtext("errtext")

    def set_property(self, domain: str, name: str, value: str) -> None:
        """Somebody sets a hosting property of a site."""
        properties = f"<property><name>{name}</name><value>{escape(value)}</value></property>"
        values = f"<values><hosting><vrt_hst>{properties}</vrt_hst></hosting></values>"
        result = self.send(f"<site><set><filter><name>{domain}</name></filter>{values}</set></site>")
        assert result.findtext("status") == "ok", result.findtext("errtext")

    def used_certificate(self, domain: str) -> str:
        """The certificate that a site's properties name."""
        shown = self.send(
            f"<site><get><filter><name>{domain}</name></filter><dataset><hosting/></dataset></get></site>"
        )
        properties = shown.findall("data/hosting/vrt_hst/property")
        return {each.findtext("name"): each.findtext("value") or "" for each in properties}.get("certificate_name", "")

    def switch_dns_off(self, site: Site) -> None:
        number = self.send(f"<site><get><filter><name>{site.domain}</name></filter><dataset/></get></site>")
        filtered = f"<filter><site-id>{number.findtext('id')}</site-id></filter>"
        assert self.send(f"<dns><disable>{filtered}</disable></dns>").findtext("status") == "ok"
