"""BullMQ for Node, in the version that tests/interop/node installs."""

from pathlib import Path

from tests.support.node_install import install

PROGRAM = Path(__file__).parents[1] / "node" / "bench.mjs"


def command(url: str) -> list[str]:
    """The program, once Node and its packages are there.

    Raises:
        NodeUnavailable: there is no Node ≥ 20, or npm could not install the packages.
    """
    return [install().program, str(PROGRAM), url]
