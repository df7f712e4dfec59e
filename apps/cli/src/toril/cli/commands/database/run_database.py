"""`toril database run`: the embedded PostgreSQL, in the foreground."""

from toril.cli.errors import DatabaseEnded, DatabaseRuns
from toril.cli.foreground import LOOK_EVERY, end_at_signal
from toril.cli.options import DataFolder, LoopbackPort, ShowUrl, Verbose
from toril.cli.output import print_line, print_note
from toril.cli.reporting import reported
from toril.database import EmbeddedPostgres
from toril.embedded import default_data_folder


@reported
def run_database(
    data: DataFolder = None,
    port: LoopbackPort = None,
    show_url: ShowUrl = False,
    verbose: Verbose = False,
) -> None:
    """Run the embedded PostgreSQL until Ctrl-C or SIGTERM. Commands join it by its data folder."""
    folder = data or default_data_folder()
    if EmbeddedPostgres.running(folder):
        raise DatabaseRuns(str(folder.absolute()))
    ended = end_at_signal()
    with EmbeddedPostgres(folder, port=port) as running:
        print_note(f"PostgreSQL runs, its data are in {folder.absolute()}; Ctrl-C ends it")
        if show_url:
            print_line(running.url, flush=True)
        while not ended.wait(LOOK_EVERY):
            if not running.is_running:
                raise DatabaseEnded(str(folder.absolute()))
    print_note("PostgreSQL has ended; its data are kept")
