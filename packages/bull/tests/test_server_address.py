import ssl

import pytest

from toril.bull.errors import InvalidBrokerURL
from toril.bull.server_address import ServerAddress

LOGIN = "p@w"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", ServerAddress(host="localhost")),
        ("redis://redis.example:6380/2", ServerAddress(host="redis.example", port=6380, database=2)),
        ("redis://host?db=3", ServerAddress(host="host", database=3)),
        ("redis://:p%40w@host", ServerAddress(host="host", password=LOGIN)),
        ("redis://ann:p%40w@host", ServerAddress(host="host", username="ann", password=LOGIN)),
        ("redis://[::1]:7000", ServerAddress(host="::1", port=7000)),
        ("unix:///run/redis.sock", ServerAddress(path="/run/redis.sock")),
        ("unix://ann:p%40w@/run/my%20redis.sock?db=1",
         ServerAddress(path="/run/my redis.sock", database=1, username="ann", password=LOGIN)),
    ],
)  # fmt: skip
def test_urls_are_read_as_redis_py_reads_them(url: str, expected: ServerAddress):
    assert ServerAddress.parse(url) == expected


def test_rediss_checks_the_certificate_and_the_host_unless_told_otherwise():
    address = ServerAddress.parse("rediss://host")
    assert address.tls is not None
    assert (address.tls.verify_mode, address.tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    address = ServerAddress.parse("rediss://host?ssl_check_hostname=false")
    assert address.tls is not None
    assert (address.tls.verify_mode, address.tls.check_hostname) == (ssl.CERT_REQUIRED, False)
    address = ServerAddress.parse("rediss://host?ssl_cert_reqs=none")
    assert address.tls is not None
    assert (address.tls.verify_mode, address.tls.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("localhost:6379", "must begin with redis://"),
        ("http://:secret@host", "must begin with redis://"),
        ("redis://:secret@host:port", "host or port"),
        ("redis://:secret@host:99999", "host or port"),
        ("redis://:secret@[::1", "host or port"),
        ("redis://:secret@host/jobs", "database must be a number"),
        ("redis://:secret@host?db=jobs", "database must be a number"),
        ("redis://:secret@host?ssl_cert_reqs=none", "mean nothing here: ssl_cert_reqs"),
        ("redis://:secret@host?socket_timeout=5", "mean nothing here: socket_timeout"),
        ("rediss://:secret@host?ssl_cert_reqs=maybe", "required or none"),
        ("rediss://:secret@host?ssl_ca_certs=/nowhere.pem", "TLS files cannot be read"),
        ("unix://", "names no socket"),
    ],
)
def test_a_bad_url_is_refused_by_rule_and_never_repeated(url: str, rule: str):
    with pytest.raises(InvalidBrokerURL, match=rule) as refused:
        ServerAddress.parse(url)
    assert "secret" not in f"{refused.value!r} {refused.value.__cause__!r}"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("redis://ann:secret@host", "host:6379"),
        ("redis://:secret@[::1]", "[::1]:6379"),
        ("unix://:secret@/run/redis.sock", "/run/redis.sock"),
    ],
)
def test_as_text_it_is_safe_for_messages(url: str, text: str):
    address = ServerAddress.parse(url)
    assert str(address) == text
    assert "secret" not in repr(address)
