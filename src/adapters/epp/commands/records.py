"""Name servers and DNSSEC records in the form that epptools takes."""

from collections.abc import Iterable
from typing import Any, Literal

from provisioner.ports.registrar import DnsKey, DsRecord, Host


def nameservers(hosts: Iterable[Host], model: Literal["objects", "attributes"]) -> list[str | dict[str, Any]]:
    """Host objects by name, or host attributes with their addresses (RFC 5731 §1.1)."""
    if model == "objects":
        return [host.name for host in hosts]
    return [{"name": host.name, "addresses": list(host.addresses)} for host in hosts]


def dnssec_records(records: Iterable[DsRecord | DnsKey]) -> dict[str, Any]:
    """Records by kind (RFC 5910 §4: one kind a command)."""
    given = tuple(records)
    ds = [_ds(record) for record in given if isinstance(record, DsRecord)]
    keys = [_key(record) for record in given if isinstance(record, DnsKey)]
    return {name: found for name, found in (("ds_data", ds), ("key_data", keys)) if found}


def _ds(record: DsRecord) -> dict[str, Any]:
    return {
        "key_tag": record.key_tag,
        "alg": record.algorithm,
        "digest_type": record.digest_type,
        "digest": record.digest,
    }


def _key(record: DnsKey) -> dict[str, Any]:
    return {
        "flags": record.flags,
        "protocol": record.protocol,
        "alg": record.algorithm,
        "pub_key": record.public_key,
    }
