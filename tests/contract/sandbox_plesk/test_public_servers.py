"""The servers for the world as such: their start, their end, and the address that leads to them."""

import socket
import threading
from pathlib import Path

import httpx
import pytest

from adapters.sandbox.plesk import start_simulator
from tests.contract.sandbox_plesk import wire, world


def test_every_thread_ends_with_the_simulator() -> None:
    before = set(threading.enumerate())
    with start_simulator() as plesk, wire.Client(plesk, None) as client:
        client.results(wire.customer_add() + wire.webspace_add())
        with world.ftp(plesk) as session:
            world.store(session)
        world.page(plesk)
        world.panel_is_shown(plesk)
        world.ask(plesk, "example.com", "A", tcp=True)
    assert set(threading.enumerate()) == before


def test_ending_twice_is_harmless() -> None:
    plesk = start_simulator()
    plesk.close()
    plesk.close()


def test_without_them_there_are_no_ports() -> None:
    with start_simulator(public=False) as plesk:
        assert (plesk.ftp_port, plesk.http_port, plesk.tls_port, plesk.dns_port) == (0, 0, 0, 0)


def test_a_vendor_account_is_told_the_ports_that_an_adapter_needs() -> None:
    with start_simulator() as plesk:
        assert plesk.settings["ftp_port"] == str(plesk.ftp_port)
        assert plesk.settings["tls_port"] == str(plesk.tls_port)


def test_a_port_that_somebody_else_has_by_now_is_replaced(tmp_path: Path) -> None:
    with start_simulator(data_dir=tmp_path) as first:
        port = first.http_port
    with socket.create_server((world.HOST, port)), start_simulator(data_dir=tmp_path) as second:
        assert second.http_port not in (0, port)


@pytest.mark.parametrize("by", ["start", "control"])
def test_new_subscriptions_get_the_address_that_was_chosen(by: str) -> None:
    chosen = "127.0.0.1"
    with start_simulator(address=chosen if by == "start" else "") as plesk, wire.Client(plesk, None) as client:
        if by == "control":
            httpx.post(f"{plesk.control_url}/state", json={"settings": {"address": chosen}}).raise_for_status()
        client.results(wire.customer_add() + wire.webspace_add().replace("<ip_address>192.0.2.10</ip_address>", ""))
        listed = client.result("<ip><get/></ip>").findtext("addresses/ip_info/ip_address")
        assert (listed, world.values(plesk, "www.example.com", "A")) == (chosen, {chosen})
