"""The environments of walled-off workers: what is installed in them, and the variables they are given."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from uv import find_uv_bin

from toril.cli.errors import EnvironmentFailed

ENVIRONMENTS = Path(".toril") / "environments"
COMMON_VARIABLES = frozenset(
    {
        *(
            "HOME",
            "USER",
            "TMPDIR",
            "TZ",
            "TERM",
            "NO_COLOR",
            "PYTHONWARNINGS",
            "PYTHONUNBUFFERED",
            "LOG_FORMAT",
        ),
        *("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    }
)
"""What is no secret, and what a program may need to reach the world. All other variables stay outside."""


def walled_off_python(project: Path, group: str) -> Path:
    """The interpreter of an environment that holds a dependency group and nothing else.

    uv makes it from the project's lock file, in a tenth of a second if the packages are in uv's cache, and
    brings one that is there already up to date.

    Args:
        project: the folder of `pyproject.toml` and `uv.lock`.

    Raises:
        EnvironmentFailed: uv cannot make it; the error has its last words.
    """
    folder = project.absolute() / ENVIRONMENTS / group
    variables = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(  # noqa: S603 - uv's own program, and no shell
        [find_uv_bin(), "sync", "--frozen", "--quiet", f"--only-group={group}", f"--python={sys.executable}"],
        cwd=project,
        env={**variables, "UV_PROJECT_ENVIRONMENT": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EnvironmentFailed(group, str(project.absolute()), done.stderr.strip())
    return folder / "bin" / "python"


def walled_off_variables(python: Path, names: Sequence[str], variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a walled-off worker.

    Args:
        names: those that it is given beside the common ones.
        variables: what there is to choose from.
    """
    given = COMMON_VARIABLES | set(names)
    chosen = {name: value for name, value in variables.items() if name in given}
    return {"PATH": f"{python.parent}{os.pathsep}{os.defpath}", **chosen}
