"""What a call of one of our scripts has in it on the wire."""

from toril.bull.scripts import load


def sent_as(name: str) -> str:
    """The name of the script's function, or its hash where it is none."""
    script = load(name)
    return script.function.name if script.function else script.sha
