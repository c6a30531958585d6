"""Telling a test that an armed crash point was passed, and waiting until it has done what it wants to do."""

import socket


def tell(path: str, where: str) -> None:
    """Write `scope:point` and a newline to the Unix socket at `path`; return when it answers or closes."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(path)
        control.sendall(where.encode() + b"\n")
        control.recv(16)
