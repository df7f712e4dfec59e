"""One socket to Redis."""

import socket
import sys

import pytest

from toril.bull.wire import keep_alive


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name these options differently")
def test_a_peer_that_vanishes_is_noticed_by_the_system_within_eleven_seconds() -> None:
    with socket.socket() as sock:
        keep_alive(sock)
        idle, interval, probes, patience = (
            sock.getsockopt(socket.IPPROTO_TCP, option)
            for option in (
                socket.TCP_KEEPIDLE,
                socket.TCP_KEEPINTVL,
                socket.TCP_KEEPCNT,
                socket.TCP_USER_TIMEOUT,
            )
        )
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert idle + interval * probes == 11
        assert patience == 11_000
