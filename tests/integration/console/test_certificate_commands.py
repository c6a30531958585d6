"""Certificates on the command line: an account's key made here, certificates looked at, a key revealed once."""

from provisioner.app.main import CommandInstallation
from provisioner.kernel.private_keys import open_private_key
from tests.integration.console.conftest import Run


def test_the_key_of_an_authority_s_account_is_made_here_and_not_shown(run: Run, embedded: CommandInstallation) -> None:
    ended = run(embedded, "servers", "add", "ca", "--adapter", "acme", "--credential", "account_key=generate")
    account, _ = embedded.store().accounts.open("ca")
    key = account.credentials["account_key"]

    assert (ended.code, open_private_key(key).key_size) == (0, 256)
    assert key.reveal().splitlines()[1] not in ended.out + ended.err
