"""The type of the ``env`` parameter: the envs that have a file, so that Prefect's UI shows a drop-down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from blocks.environment_files import environment_names

if TYPE_CHECKING:
    EnvName = str
else:
    # A Literal and not an Enum: the command line's --param env=staging stays plain.
    EnvName = Literal[environment_names() or ("no-env-has-a-file",)]
