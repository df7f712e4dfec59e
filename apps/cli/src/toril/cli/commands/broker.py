"""`toril broker`: the embedded broker, in the foreground."""

from pathlib import Path

from toril.bull.embedded import EmbeddedBroker
from toril.cli.errors import BrokerEnded, BrokerRuns
from toril.cli.foreground import LOOK_EVERY, end_at_signal
from toril.cli.options import DataFolder, LoopbackPort, ShowUrl, Verbose
from toril.cli.output import print_line, print_note
from toril.cli.reporting import reported
from toril.embedded import default_data_folder


@reported
def broker(
    data: DataFolder = None,
    port: LoopbackPort = None,
    show_url: ShowUrl = False,
    verbose: Verbose = False,
) -> None:
    """Run the embedded broker until Ctrl-C or SIGTERM. Commands join it by its data folder."""
    folder = data or default_data_folder()
    if EmbeddedBroker.running(folder):
        raise BrokerRuns(str(folder.absolute()))
    ended = end_at_signal()
    with EmbeddedBroker(folder, port=port) as running:
        _say_how_to_join(running, folder, show_url=show_url)
        while not ended.wait(LOOK_EVERY):
            if not running.is_running:
                raise BrokerEnded(str(folder.absolute()))
    print_note("the broker has ended; its jobs are kept")


def _say_how_to_join(running: EmbeddedBroker, folder: Path, *, show_url: bool) -> None:
    print_note(f"the broker runs, its jobs are in {folder.absolute()}")
    if folder.absolute() == default_data_folder().absolute():
        print_note("commands in this folder join it; Ctrl-C ends it")
    else:
        print_note(f"commands join it with TORIL_DATA={folder.absolute()}; Ctrl-C ends it")
    if show_url:
        print_line(running.url, flush=True)
