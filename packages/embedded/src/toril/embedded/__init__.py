"""Private servers for development, tests and small deployments: they end with the process that owns them."""

from toril.embedded.folder import ServerFolder, default_data_folder, fits_socket
from toril.embedded.guard import Guard
from toril.embedded.ports import free_port
from toril.embedded.processes import is_alive
from toril.embedded.server import EmbeddedServer, joined_or_started

__all__ = [
    "EmbeddedServer",
    "Guard",
    "ServerFolder",
    "default_data_folder",
    "fits_socket",
    "free_port",
    "is_alive",
    "joined_or_started",
]
