"""Make what a deployment needs and no repository holds: passwords, URLs, and broker definitions with their hashes.

    python3 deploy/prepare.py FOLDER --broker-host rabbitmq --outside-host 127.0.0.1 --database-host postgres

FOLDER lets nobody in but its owner. Passwords that are there already are kept, so that a second run (after an upgrade,
say) only brings the other files up to date. Needs Python and nothing else.
"""

import argparse
import base64
import hashlib
import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DEFINITIONS = Path(__file__).parent / "rabbitmq" / "definitions.json"
HASHING = "rabbit_password_hashing_sha256"
VHOST = "provisioner"
DATABASE = "provisioner"
_SALT_BYTES = 4


def main(argv: Sequence[str]) -> int:
    """Write the files and say which they are."""
    chosen = _arguments(argv)
    chosen.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    chosen.folder.chmod(0o700)
    template = json.loads(DEFINITIONS.read_text())
    passwords = {user["name"]: _password(chosen.folder, user["name"]) for user in template["users"]}
    for name, text in _files(template, passwords, _password(chosen.folder, "database"), chosen).items():
        _write(chosen.folder / name, text)
    print("\n".join(str(file) for file in sorted(chosen.folder.iterdir())))
    return 0


def with_hashes(definitions: dict[str, Any], passwords: dict[str, str]) -> dict[str, Any]:
    """The definitions with a hash for each user's password; the password itself is in none of them."""
    users = [
        {**user, "hashing_algorithm": HASHING, "password_hash": password_hash(passwords[user["name"]])}
        for user in definitions["users"]
    ]
    return {**definitions, "users": users}


def password_hash(password: str) -> str:
    """What RabbitMQ stores: base64 of four bytes of salt and the SHA-256 of salt and password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make passwords, URLs and the broker's definitions.")
    parser.add_argument("folder", type=Path, help="where to write them; made if it is missing")
    parser.add_argument("--broker-host", default="127.0.0.1", metavar="HOST[:PORT]", help="where RabbitMQ is")
    parser.add_argument("--outside-host", metavar="HOST[:PORT]", help="where storefronts see RabbitMQ, if elsewhere")
    parser.add_argument("--database-host", default="127.0.0.1", metavar="HOST[:PORT]", help="where PostgreSQL is")
    parser.add_argument("--tls", action="store_true", help="reach the broker by TLS (amqps)")
    return parser.parse_args(argv)


def _files(
    template: dict[str, Any], passwords: dict[str, str], database_password: str, chosen: argparse.Namespace
) -> dict[str, str]:
    scheme = "amqps" if chosen.tls else "amqp"
    urls = {
        f"{user}_broker_url": f"{scheme}://{user}:{password}@{_broker_host(user, chosen)}/{VHOST}"
        for user, password in passwords.items()
    }
    database = f"postgresql+psycopg://{DATABASE}:{database_password}@{chosen.database_host}/{DATABASE}"
    definitions = json.dumps(with_hashes(template, passwords), indent=2) + "\n"
    return {**urls, "database_url": database, "definitions.json": definitions}


def _broker_host(user: str, chosen: argparse.Namespace) -> str:
    outside = user.startswith("storefront") and chosen.outside_host
    return str(outside or chosen.broker_host)


def _password(folder: Path, name: str) -> str:
    """The password in this file, or a new one."""
    file = folder / f"{name}_password"
    if not file.exists():
        _write(file, secrets.token_urlsafe(24))
    return file.read_text()


def _write(file: Path, text: str) -> None:
    # Readable by all, in a folder that only its owner enters: a container that is given one file runs as someone else.
    draft = file.with_name(f".{file.name}")
    draft.write_text(text)
    draft.chmod(0o444)
    draft.replace(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
