"""Lets Schemathesis send lines: whatever text it makes up."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context: schemathesis.SerializationContext, value: object) -> bytes:
    return str(value).encode(errors="replace")
