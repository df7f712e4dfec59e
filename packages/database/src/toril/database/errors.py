"""What can go wrong with PostgreSQL.

DatabaseError
├── InvalidDatabaseURL     a URL that does not say where PostgreSQL is
├── DatabaseUnavailable    PostgreSQL cannot be reached, does not answer, or has no connection free in time
├── EmbeddedPostgresFailed  the private server did not start, or its data folder is in use
├── MigrationError
│   ├── InvalidMigrations  files that are no row of numbered migrations
│   ├── MigrationChanged   a file that differs from what was applied
│   └── MigrationFailed    PostgreSQL refused a migration; nothing of it was applied
├── OutboxMissing          the database has no outbox yet
└── UnknownConnection      a connection that the outbox cannot write through

What toril.jobs raises (InvalidPayload …) and InvalidJobOptions of toril.types pass through as they are.
"""


class DatabaseError(Exception):
    """Anything that toril.database raises on purpose."""


class InvalidDatabaseURL(DatabaseError, ValueError):
    """A URL that does not say where PostgreSQL is; its text is not shown, as it may hold a password."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(
            f"the database URL is not valid: {rule}; expected postgresql://user:password@host:5432/name"
        )


class DatabaseUnavailable(DatabaseError, ConnectionError):
    """PostgreSQL cannot be reached, does not answer in time, or has no connection free in time."""

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(f"PostgreSQL at {address} is not available: {reason}")


class EmbeddedPostgresFailed(DatabaseError):
    """The private server did not start, or its data folder is in use by another owner."""

    def __init__(self, data: str, reason: str) -> None:
        self.data = data
        self.reason = reason
        super().__init__(f"the embedded PostgreSQL in {data} failed: {reason}")


class MigrationError(DatabaseError):
    """A migration that cannot be applied."""


class InvalidMigrations(MigrationError, ValueError):
    """Files that are no row of numbered migrations."""

    def __init__(self, package: str, rule: str) -> None:
        self.package = package
        self.rule = rule
        super().__init__(f"the migrations in {package} cannot be used: {rule}")


class MigrationChanged(MigrationError):
    """A file that differs from what was applied. What was applied is history: write a new file instead."""

    def __init__(self, package: str, name: str) -> None:
        self.package = package
        self.name = name
        super().__init__(
            f"{name} of {package} was applied to this database and has been changed since: "
            "restore the file, and put the change into a new one with the next number"
        )


class MigrationFailed(MigrationError):
    """PostgreSQL refused a migration; nothing of it was applied, those before it were."""

    def __init__(self, package: str, name: str, reason: str) -> None:
        self.package = package
        self.name = name
        self.reason = reason
        super().__init__(f"{name} of {package} was not applied: {reason}")


class OutboxMissing(DatabaseError):
    """The database has no outbox yet."""

    def __init__(self) -> None:
        super().__init__(
            "this database has no outbox: run `toril database migrate`, or `await database.migrate()`"
        )


class UnknownConnection(DatabaseError, TypeError):
    """A connection that the outbox cannot write through."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(
            f"the outbox cannot write through a {kind}: give it an AsyncConnection of psycopg or SQLAlchemy, "
            "an AsyncSession, or a Connection of asyncpg"
        )
