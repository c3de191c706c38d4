"""Reads ``deployments/environments/*.yaml`` and holds the files against each other."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from blocks.config_root import environments_directory
from contracts.environment import Environment
from contracts.errors import ConfigurationError, EnvironmentInvalid


def environment_names() -> tuple[str, ...]:
    """The stems of the files, sorted: what ``env`` may be."""
    return tuple(sorted(path.stem for path in environments_directory().glob("*.yaml")))


def read_environment(name: str) -> Environment:
    """The env called ``name``.

    Raises:
        EnvironmentInvalid: there is no such file, it can't be read as one, or it contradicts another env's.
    """
    if name in environment_names():
        _read_file(_path(name))
    return _checked(name, read_environments(skip_invalid=True))


def read_environments(*, skip_invalid: bool = False) -> tuple[Environment, ...]:
    """Every env, in order of name, each read from its file; ``skip_invalid`` leaves out what can't be read."""
    environments = []
    for name in environment_names():
        try:
            environments.append(_read_file(_path(name)))
        except EnvironmentInvalid:
            if not skip_invalid:
                raise
    return tuple(environments)


def check_against_each_other(environments: tuple[Environment, ...]) -> None:
    """Refuse two envs with one target, and a target that is another env's source.

    Raises:
        EnvironmentInvalid: naming both files.
    """
    sources = _sources_of_every_file() | {
        environment.source.cluster: environment.name for environment in environments
    }
    targets: dict[tuple[str, str], str] = {}
    for environment in environments:
        target = environment.target
        if (owner := sources.get(target.cluster)) is not None:
            raise EnvironmentInvalid(
                f"its target cluster {target.cluster} is the source of env {owner!r}: a source is never written to",
                resource=f"env {environment.name!r}",
                remedy="Name another target cluster.",
            )
        place = (target.cluster, target.database)
        if (other := targets.setdefault(place, environment.name)) != environment.name:
            raise EnvironmentInvalid(
                f"it has the same target as env {other!r}: database {target.database} in {target.cluster}",
                resource=f"env {environment.name!r}",
                remedy="Give each env a target of its own.",
            )


def _sources_of_every_file() -> dict[str, str]:
    """Source clusters with their env, also of files that have another fault: a typo opens nobody's production."""
    sources = {}
    for name in environment_names():
        with suppress(YAMLError, OSError, UnicodeDecodeError, AttributeError):
            content = YAML(typ="safe").load(_path(name).read_text(encoding="utf-8"))
            sources[str(content.get("source", {}).get("cluster"))] = name
    return sources


def _path(name: str) -> Path:
    return environments_directory() / f"{name}.yaml"


def _checked(name: str, environments: tuple[Environment, ...]) -> Environment:
    for environment in environments:
        if environment.name == name:
            check_against_each_other(environments)
            return environment
    known = ", ".join(environment_names()) or "none"
    raise EnvironmentInvalid(
        f"there is no file {name}.yaml in {environments_directory()}; known envs: {known}",
        resource=f"env {name!r}",
        remedy="Use a known env, or write its file.",
    )


def _read_file(path: Path) -> Environment:
    resource = f"environment file {path}"
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise EnvironmentInvalid(
            f"{place}{error.problem}", resource=resource, remedy="Write it as YAML."
        ) from None
    if not isinstance(content, dict) or "name" in content:
        raise EnvironmentInvalid(
            "it must hold a mapping without a name: the name is the file's stem",
            resource=resource,
            remedy="See deployments/environments/ for an example.",
        )
    try:
        return Environment.model_validate({**content, "name": path.stem})
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'the whole file'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise EnvironmentInvalid(faults, resource=resource, remedy="Mend the named fields.") from None
    except ConfigurationError as error:
        raise EnvironmentInvalid(error.what, resource=resource, remedy=error.remedy) from None
