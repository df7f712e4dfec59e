"""What `make chaos` holds, and in which order."""

from chaos.program import planned
from chaos.scenarios import SCENARIOS
from chaos.systems.commands import NODE, SYSTEMS, TORIL
from chaos.terms import COMPARED, LONG


def test_toril_alone_goes_through_every_scenario() -> None:
    plan = planned(list(SCENARIOS), [TORIL], LONG)
    assert [each.scenario.name for each in plan] == list(SCENARIOS)
    assert all(each.alone and each.system == TORIL and each.terms == LONG for each in plan)


def test_beside_others_every_system_goes_through_what_all_can_express_on_the_same_terms() -> None:
    plan = [each for each in planned(list(SCENARIOS), list(SYSTEMS), LONG) if not each.alone]
    compared = {each.scenario.name for each in plan}
    assert compared == {"workers-killed", "workers-replaced", "broker-killed-everysec", "loops-blocked"}
    assert len(plan) == len(compared) * len(SYSTEMS)
    assert all(each.terms == COMPARED for each in plan)


def test_another_system_can_be_broken_without_ours() -> None:
    plan = planned(["workers-killed", "clocks-wrong"], [NODE, "saq"], LONG)
    assert [(each.scenario.name, each.system) for each in plan] == [
        ("workers-killed", NODE),
        ("workers-killed", "saq"),
    ]
