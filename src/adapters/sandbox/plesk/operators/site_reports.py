"""Parts of answers about a domain that sites and subscriptions share."""

from typing import Final
from xml.etree.ElementTree import Element

from adapters.sandbox.plesk import answers
from adapters.sandbox.plesk.records import Site

_EMPTY_FOLDERS: Final = (
    "httpsdocs",
    "subdomains",
    "web_users",
    "anonftp",
    "logs",
    "dbases",
    "mailboxes",
    "maillists",
    "domaindumps",
    "configs",
    "chroot",
)


def prefs(site: Site) -> Element:
    """The preferences."""
    values = {"www": "true", "stat_ttl": "", **site.prefs}
    return answers.branch("prefs", *(answers.leaf(name, value) for name, value in values.items()))


def performance(site: Site) -> Element:
    """Bandwidth and connections; -1 is no limit."""
    values = {"bandwidth": "-1", "max_connections": "-1", **site.performance}
    return answers.branch("performance", *(answers.leaf(name, value) for name, value in values.items()))


def disk_usage(size: int) -> Element:
    """Bytes on disk; all of them are counted as documents."""
    values = {"httpdocs": size, **dict.fromkeys(_EMPTY_FOLDERS, 0)}
    return answers.branch("disk_usage", *(answers.leaf(name, value) for name, value in values.items()))
