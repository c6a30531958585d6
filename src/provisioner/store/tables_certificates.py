"""The tables of certificates: each that was ever obtained, and what an authority's limits were spent on."""

import sqlalchemy as sa

from provisioner.store.columns import ID, JSON, LONG_ID, NAME, TEXT, UtcDateTime, metadata

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
    sa.Index("ix_certificates_service_id", "service_id"),
    sa.Index("ix_certificates_not_after", "not_after"),
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
