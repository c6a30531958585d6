"""The limits, permissions and hosting properties that plans and subscriptions may name; descriptors list them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Term:
    """One name with its type and label, as a descriptor gives them."""

    name: str
    type: str
    label: str
    default: str = ""


UNLIMITED: Final = -1

LIMITS: Final = tuple(
    Term(name, kind, label, str(UNLIMITED))
    for name, kind, label in (
        ("disk_space", "bytes", "Disk space"),
        ("disk_space_soft", "bytes", "Disk space, notification"),
        ("max_traffic", "bytes", "Traffic"),
        ("max_traffic_soft", "bytes", "Traffic, notification"),
        ("max_site", "integer", "Domains"),
        ("max_subdom", "integer", "Subdomains"),
        ("max_dom_aliases", "integer", "Domain aliases"),
        ("max_box", "integer", "Mailboxes"),
        ("mbox_quota", "bytes", "Mailbox size"),
        ("max_maillists", "integer", "Mailing lists"),
        ("max_db", "integer", "Databases"),
        ("mysql_dbase_space", "bytes", "Databases, space"),
        ("max_wu", "integer", "Web users"),
        ("max_subftp_users", "integer", "Additional FTP accounts"),
        ("max_webapps", "integer", "Web applications"),
        ("max_site_builder", "integer", "Sites with the site builder"),
        ("expiration", "date", "Expiration date"),
        ("upsell_site_builder", "integer", "Site builder, offer"),
    )
)

PERMISSIONS: Final = tuple(
    Term(name, "boolean", label, "true" if given else "false")
    for name, label, given in (
        ("create_domains", "Domain creation", True),
        ("manage_phosting", "Hosting management", False),
        ("manage_php_settings", "PHP settings management", False),
        ("manage_quota", "Hard disk quota assignment", False),
        ("manage_subdomains", "Subdomains management", True),
        ("manage_domain_aliases", "Domain aliases management", True),
        ("manage_log", "Log rotation management", True),
        ("manage_anonftp", "Anonymous FTP management", False),
        ("manage_crontab", "Scheduler management", False),
        ("manage_spamfilter", "Spam filter management", True),
        ("manage_virusfilter", "Antivirus management", True),
        ("manage_webapps", "Java applications management", False),
        ("manage_maillists", "Mailing lists management", True),
        ("manage_dns", "DNS zone management", True),
        ("manage_sh_access", "Shell access management", False),
        ("allow_local_backups", "Backup to the server", True),
        ("allow_ftp_backups", "Backup to FTP", True),
        ("remote_access_interface", "Remote API access", False),
        ("access_appcatalog", "Application catalogue", True),
    )
)

HOSTING: Final = tuple(
    Term(name, kind, label, default)
    for name, kind, label, default in (
        ("ftp_login", "string", "System user", ""),
        ("ftp_password", "string", "System user's password", ""),
        ("ftp_password_type", "string", "Type of the password", "crypt"),
        ("ftp_quota", "bytes", "Hard disk quota", "-1"),
        ("shell", "string", "Shell", "/bin/false"),
        ("www_root", "string", "Document root", ""),
        ("ssl", "boolean", "SSL/TLS", "true"),
        ("ssl-redirect", "boolean", "Redirect to HTTPS", "true"),
        ("same_ssl", "boolean", "One folder for HTTP and HTTPS", "true"),
        ("certificate_name", "string", "Certificate", ""),
        ("php", "boolean", "PHP", "true"),
        ("php_handler_id", "string", "PHP handler", "plesk-php83-fpm"),
        ("ssi", "boolean", "SSI", "false"),
        ("cgi", "boolean", "CGI", "false"),
        ("fastcgi", "boolean", "FastCGI", "true"),
        ("perl", "boolean", "Perl", "false"),
        ("python", "boolean", "Python", "false"),
        ("webstat", "string", "Web statistics", "awstats"),
        ("webstat_protected", "boolean", "Protected statistics", "true"),
        ("errdocs", "boolean", "Custom error documents", "false"),
        ("write_modify", "boolean", "Write and modify", "false"),
        ("webdeploy", "boolean", "Web deploy", "false"),
    )
)

# What a customer sets for himself; changing these leaves a subscription in step with its plan.
PERSONAL_HOSTING: Final = frozenset({"ftp_login", "ftp_password", "ftp_password_type", "certificate_name", "www_root"})
HANDLERS: Final = (
    ("plesk-php74-fpm", "7.4.33 by Plesk", "7.4.33", "7.4", "fpm"),
    ("plesk-php82-fpm", "8.2.29 by Plesk", "8.2.29", "8.2", "fpm"),
    ("plesk-php83-fpm", "8.3.24 by Plesk", "8.3.24", "8.3", "fpm"),
    ("plesk-php83-fastcgi", "8.3.24 by Plesk", "8.3.24", "8.3", "fastcgi"),
    ("cgi", "8.2.29 by OS vendor", "8.2.29", "8.2", "cgi"),
)


def names(terms: tuple[Term, ...]) -> frozenset[str]:
    """The bare names."""
    return frozenset(term.name for term in terms)


def defaults(terms: tuple[Term, ...]) -> dict[str, str]:
    """Each name with its default."""
    return {term.name: term.default for term in terms}
