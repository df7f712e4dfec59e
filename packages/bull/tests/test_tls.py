import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.proxy import Proxy
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable
from toril.bull.thread_connection import ThreadConnection


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl, to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
async def tls_proxy(broker: EmbeddedBroker, certificate: Path) -> AsyncIterator[Proxy]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    async with Proxy(broker.url, tls=context) as running:
        yield running


@pytest.mark.parametrize("trust", ["ssl_ca_certs={}/certificate.pem", "ssl_cert_reqs=none"])
async def test_it_speaks_tls(tls_proxy: Proxy, certificate: Path, trust: str):
    url = f"{tls_proxy.url}?{trust.format(certificate)}"
    async with await Connection.open(url) as connection:
        assert await connection.execute("ECHO", "x" * 100_000) == b"x" * 100_000
    with await asyncio.to_thread(ThreadConnection.open, url) as blocking:
        assert await asyncio.to_thread(blocking.execute, "PING") == b"PONG"


async def test_a_certificate_that_is_not_trusted_is_refused_at_once(
    tls_proxy: Proxy, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("toril.bull.node.CONNECT_WITHIN", 1_000.0)
    with pytest.raises(BrokerUnavailable, match="certificate is not trusted"):
        await Connection.open(tls_proxy.url, timeout=1_000.0)
