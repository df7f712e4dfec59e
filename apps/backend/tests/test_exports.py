"""What `from toril.backend import …` offers."""

import inspect

import toril.backend
from toril.backend import errors


def test_all_names_everything_public_and_nothing_else() -> None:
    public = {
        name
        for name, value in vars(toril.backend).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert sorted(toril.backend.__all__) == sorted(public)
    assert len(toril.backend.__all__) == len(set(toril.backend.__all__))


def test_all_names_what_the_methods_raise_and_return() -> None:
    assert {
        "BrokerMisconfigured",
        "BrokerUnavailable",
        "EmbeddedBrokerFailed",
        "InvalidBrokerURL",
        "InvalidJobOptions",
        "InvalidQueueName",
        "JobNotCancellable",
        "JobNotFound",
        "JobOutcome",
        "QueueCounts",
        "QueueInspector",
    } <= set(toril.backend.__all__)


def test_errors_are_one_tree_and_the_errors_module_draws_it() -> None:
    classes = [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == errors.__name__
    ]
    assert errors.__doc__ is not None
    drawn = errors.__doc__.split("\n\n")[1].splitlines()
    assert [line.strip("│├└─ ").split()[0] for line in drawn] == [error.__name__ for error in classes]
    assert all(issubclass(error, errors.BackendError) for error in classes)
    assert {error.__name__ for error in classes} <= set(toril.backend.__all__)
