"""`toril dev`: everything that an application consists of, in one terminal."""

from toril.cli.dev.application import Application, WorkerProcess

__all__ = ["Application", "WorkerProcess"]
