"""What the comparison makes of its values: rows with ratios, dashes with reasons, targets met or not."""

from bench.comparison import Comparison
from bench.measures.adding import BULK
from bench.measures.figure import Figure, Sample
from bench.measures.latency import PICKUP_P50
from bench.measures.processing import HUNDRED
from bench.report import markdown, notes
from bench.rows import Gap, Rows, rows
from bench.summary import summary
from bench.targets import Verdict, verdicts


def comparison(*values: tuple[Figure, str, list[float]]) -> Comparison:
    samples = [
        Sample(figure, system, number, value)
        for figure, system, rounds in values
        for number, value in enumerate(rounds)
    ]
    return Comparison(samples=samples, versions={system: {"Python": "3.11"} for _, system, _ in values})


def verdict(found: Rows, title: str) -> Verdict:
    (only,) = (each for each in verdicts(found) if each.title == title)
    return only


def test_a_row_holds_the_median_the_spread_and_the_ratio_to_nodes_best_round() -> None:
    found = rows(comparison((BULK, "toril", [300.0, 400.0, 500.0]), (BULK, "node", [100.0, 200.0, 150.0])))

    row = found.find(BULK, "toril")

    assert row is not None
    assert (row.median, row.lowest, row.highest, row.ratio) == (400.0, 300.0, 500.0, 2.0)


def test_less_is_better_for_a_delay_and_the_ratio_says_so() -> None:
    found = rows(comparison((PICKUP_P50, "toril", [1.0]), (PICKUP_P50, "node", [4.0, 2.0])))

    row = found.find(PICKUP_P50, "toril")

    assert row is not None
    assert row.ratio == 2.0


def test_what_a_system_cannot_do_is_a_dash_whose_reason_is_in_the_notes() -> None:
    compared = comparison((BULK, "toril", [3.0]), (BULK, "node", [1.0]))
    compared.gaps[BULK, "celery"] = "it has no call for it"

    found = rows(compared)
    page = markdown(found, notes(compared, found), verdicts(found), "make bench")

    assert [row for row in found if isinstance(row, Gap)] == [Gap(BULK, "celery", "it has no call for it")]
    assert "| add in bulk, jobs/s | celery | - [1] |" in page
    assert "1. celery: it has no call for it." in page


def test_a_summary_has_a_line_a_figure_and_a_column_a_system() -> None:
    found = rows(comparison((BULK, "toril", [3.0]), (BULK, "node", [1.0]), (HUNDRED, "toril", [2.0])))

    assert summary(found) == [
        "| | Toril | Node BullMQ |",
        "|---|---:|---:|",
        "| add in bulk | 3.00 | 1.00 |",
        "| process, 100 at a time | - | - |",
    ]


def test_a_system_that_is_missing_or_failed_is_named() -> None:
    compared = comparison((BULK, "toril", [3.0]))
    compared.missing["saq"] = "No module named 'saq'"
    compared.failed["huey"] = "no answer within 120 s"

    remarks = notes(compared, rows(compared)).remarks

    assert "Not measured: saq: No module named 'saq'." in remarks
    assert "Not measured: huey: no answer within 120 s." in remarks


def test_a_target_for_speed_holds_our_median_against_the_others_best_round() -> None:
    found = rows(comparison((HUNDRED, "toril", [50.0, 60.0, 70.0]), (HUNDRED, "node", [10.0, 20.0])))

    assert verdict(found, "process, 100 at a time, to Node's best") == Verdict(
        "process, 100 at a time, to Node's best", "≥ 3 x", "3 x", met=True
    )


def test_the_fastest_peer_is_neither_node_nor_its_port_nor_the_bare_loop() -> None:
    values = [("toril", 90.0), ("node", 80.0), ("port", 70.0), ("bare", 60.0), ("saq", 10.0), ("arq", 20.0)]
    found = rows(comparison(*((HUNDRED, system, [value]) for system, value in values)))

    reached = verdict(found, "process, 100 at a time, to the fastest Python peer")

    assert (reached.measured, reached.met) == ("4.5 x", False)


def test_a_target_for_a_delay_is_missed_if_it_is_longer_than_nodes() -> None:
    found = rows(comparison((PICKUP_P50, "toril", [1.2]), (PICKUP_P50, "node", [1.0])))

    assert verdict(found, "pickup when idle, p50, to Node's").met is False


def test_a_target_without_values_is_not_measured() -> None:
    found = rows(comparison((BULK, "toril", [3.0])))

    assert {each.met for each in verdicts(found)} == {None}
