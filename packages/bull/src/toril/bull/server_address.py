"""Where Redis is and how to get in: a URL, taken apart once."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from toril.bull.errors import InvalidBrokerURL

DEFAULT_PORT = 6379
TLS_OPTIONS = frozenset(
    {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A Redis server: on `host` and `port`, or on the Unix socket `path`.

    As text it is safe for messages: no user, no password.
    """

    host: str = ""
    port: int = DEFAULT_PORT
    path: str = ""
    database: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL, with redis-py's names for the options.

        Args:
            url: `redis://user:password@host:port/database`, `unix:///path?db=0`, or `rediss://…` for TLS with
                ssl_ca_certs, ssl_certfile, ssl_keyfile, ssl_cert_reqs (required, none), ssl_check_hostname.

        Raises:
            InvalidBrokerURL: it is none of these; the message does not repeat it.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # its text may repeat the password
            raise InvalidBrokerURL("its host or port cannot be read") from None
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise InvalidBrokerURL("it must begin with redis://, rediss:// or unix://")
        options = dict(parse_qsl(parts.query))
        if unknown := options.keys() - {"db", *(TLS_OPTIONS if parts.scheme == "rediss" else ())}:
            raise InvalidBrokerURL(f"it has options that mean nothing here: {', '.join(sorted(unknown))}")
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        if parts.scheme == "unix":
            if not parts.path:
                raise InvalidBrokerURL("it names no socket")
            database = _database(options.get("db", "0"))
            return cls(path=unquote(parts.path), database=database, username=username, password=password)
        return cls(
            host=unquote(parts.hostname or "localhost"),
            port=port or DEFAULT_PORT,
            database=_database(options.get("db") or parts.path.strip("/") or "0"),
            username=username,
            password=password,
            tls=_tls(options) if parts.scheme == "rediss" else None,
        )

    def __str__(self) -> str:
        if self.path:
            return self.path
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _database(text: str) -> int:
    if not text.isdecimal():
        raise InvalidBrokerURL("the database must be a number")
    return int(text)


def _tls(options: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
        if certificate := options.get("ssl_certfile"):
            context.load_cert_chain(certificate, options.get("ssl_keyfile"))
    except OSError as problem:
        raise InvalidBrokerURL(f"its TLS files cannot be read: {problem.strerror or problem}") from problem
    if options.get("ssl_check_hostname", "true").lower() in ("false", "no", "0"):
        context.check_hostname = False
    match options.get("ssl_cert_reqs", "required"):
        case "required":
            pass
        case "none":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        case _:
            raise InvalidBrokerURL("ssl_cert_reqs must be required or none")
    return context
