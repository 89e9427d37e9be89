"""Ports are remembered, and chosen anew when they are taken."""

import socket

from app.embedded.ports import LOOPBACK, answers, choose_port, is_free


def test_a_chosen_port_is_free() -> None:
    assert is_free(choose_port(0))


def test_a_free_port_is_kept() -> None:
    port = choose_port(0)
    assert choose_port(port) == port


def test_a_taken_port_is_replaced() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert answers(port)
        assert not is_free(port)
        assert choose_port(port) != port
    assert not answers(port)


def test_a_port_just_left_is_free() -> None:
    """Connections that were closed a moment ago linger in the system and must not move a server."""
    with socket.socket() as server:
        # As PostgreSQL and Valkey do.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            server.accept()[0].close()
    assert is_free(port)
