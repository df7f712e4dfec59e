"""What `from toril.jobs import …` offers."""

import inspect

import toril.jobs


def test_all_names_everything_public_and_nothing_else() -> None:
    public = {
        name
        for name, value in vars(toril.jobs).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert sorted(toril.jobs.__all__) == sorted(public)
    assert len(toril.jobs.__all__) == len(set(toril.jobs.__all__))


def test_errors_are_one_tree() -> None:
    exported = [getattr(toril.jobs, name) for name in toril.jobs.__all__]
    errors = [value for value in exported if isinstance(value, type) and issubclass(value, Exception)]
    assert all(issubclass(error, toril.jobs.JobsError) for error in errors)


def test_the_tree_drawn_in_the_errors_module_names_every_error() -> None:
    from toril.jobs import errors

    classes = [
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    ]
    assert errors.__doc__ is not None
    assert [name for name in classes if name not in errors.__doc__] == []
