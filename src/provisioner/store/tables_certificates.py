"""The tables of certificates: each that was ever obtained, keys of CSRs, what an authority's limits were spent on."""

from typing import Final

import sqlalchemy as sa

from provisioner.store.columns import ID, JSON, LONG_ID, NAME, TEXT, UtcDateTime, metadata

PLANNED: Final = sa.text("watch_at IS NOT NULL")

certificates = sa.Table(
    "certificates",
    metadata,
    sa.Column("id", ID, primary_key=True),  # that of the operation that obtained it
    sa.Column("service_id", ID, sa.ForeignKey("services.id"), nullable=False),
    sa.Column("source", NAME, nullable=False),  # authority, customer, panel
    sa.Column("names", JSON, nullable=False),
    sa.Column("issuer", TEXT, nullable=False),
    sa.Column("serial", NAME, nullable=False),  # in hex
    sa.Column("fingerprint", sa.String(64), nullable=False),  # SHA-256 of the leaf, in hex
    sa.Column("not_before", UtcDateTime, nullable=False),
    sa.Column("not_after", UtcDateTime, nullable=False),
    sa.Column("chain", TEXT, nullable=False),  # PEM: the leaf, then its intermediates
    sa.Column("csr", TEXT),
    sa.Column("sealed_key", sa.LargeBinary),  # none of what the panel obtained by itself
    sa.Column("vendor_account", NAME),  # the authority's
    sa.Column("order_url", TEXT),
    sa.Column("obtained_at", UtcDateTime, nullable=False),
    sa.Column("installed_at", UtcDateTime),
    sa.Column("installed_as", NAME),  # its name in the panel's repository
    sa.Column("removed_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("key_revealed_at", UtcDateTime),
    sa.Column("watch_at", UtcDateTime),  # when to look whether it was replaced; none when that was told, or is over
    sa.Index("ix_certificates_service_id", "service_id"),
    sa.Index("ix_certificates_not_after", "not_after"),
    sa.Index("ix_certificates_watch_at", "watch_at", postgresql_where=PLANNED, sqlite_where=PLANNED),
)

certificate_requests = sa.Table(
    "certificate_requests",
    metadata,
    sa.Column("id", ID, primary_key=True),  # the SHA-256 of the CSR, in hex
    sa.Column("service_id", ID, sa.ForeignKey("services.id"), nullable=False),
    sa.Column("csr", TEXT, nullable=False),
    sa.Column("sealed_key", sa.LargeBinary, nullable=False),  # of a CSR that another took the place of
    sa.Column("kept_at", UtcDateTime, nullable=False),
    sa.Index("ix_certificate_requests_service_id", "service_id"),
)

allowances = sa.Table(
    "allowances",
    metadata,
    sa.Column("account", NAME, primary_key=True),
    sa.Column("kind", NAME, primary_key=True),
    sa.Column("subject", ID, primary_key=True),  # what the limit is for, such as a name or a set of names
    sa.Column("once", LONG_ID, primary_key=True),  # what it was spent on: spending it again is free
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("ix_allowances_at", "at"),
)
