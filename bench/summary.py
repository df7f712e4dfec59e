"""The ratios at a glance: a line a figure, a column a system."""

from bench.measures.adding import BULK, CONCURRENT, SEQUENTIAL
from bench.measures.figure import Figure
from bench.measures.latency import LOADED_P50, LOADED_P99, PICKUP_P50, PICKUP_P99, RESULT_P50, RESULT_P99
from bench.measures.memory import COMPLETED, IDLE_WORKER, WAITING
from bench.measures.processing import HUNDRED, MANY, ONE, TEN, TWO_PROCESSES
from bench.registry import SYSTEMS
from bench.rows import Rows

SHOWN = (
    *(SEQUENTIAL, CONCURRENT, BULK, ONE, TEN, HUNDRED, MANY, TWO_PROCESSES),
    *(PICKUP_P50, PICKUP_P99, LOADED_P50, LOADED_P99, RESULT_P50, RESULT_P99),
    *(WAITING, COMPLETED, IDLE_WORKER),
)


def summary(found: Rows) -> list[str]:
    """A Markdown table of the medians against the baseline's best round; above 1 is better."""
    measured = {system for of_system in found.figures.values() for system in of_system}
    systems = [system for name, system in SYSTEMS.items() if name in measured]
    return [
        f"| | {' | '.join(system.label for system in systems)} |",
        f"|---|{'---:|' * len(systems)}",
        *(
            f"| {figure.title} | {' | '.join(_ratio(found, figure, system.name) for system in systems)} |"
            for figure in SHOWN
            if figure in found.figures
        ),
    ]


def _ratio(found: Rows, figure: Figure, system: str) -> str:
    row = found.find(figure, system)
    return "-" if row is None or row.ratio is None else f"{row.ratio:.2f}"
