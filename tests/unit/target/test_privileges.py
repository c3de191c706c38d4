"""Who should own and may use a restored object follows from live's object of the same name."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.postgres.grants import Grant
from tasks.postgres.privileges import (
    Builtin,
    DefaultKey,
    Grants,
    ObjectKey,
    Owner,
    Securable,
    default_changes,
    grant_changes,
    owner_changes,
)

TABLE = ObjectKey(kind="table", identity="public.t")
T = ObjectKey(kind="TABLE", identity="public.t")
BUILTIN = Builtin(to_owner={"TABLE": frozenset({"SELECT"}), "ROUTINE": frozenset({"EXECUTE"})},
                  to_public={"ROUTINE": frozenset({"EXECUTE"})})  # fmt: skip


def owners(live: Mapping[ObjectKey, Owner], shadow: Mapping[ObjectKey, Owner]) -> list[str]:
    changes = owner_changes(live, shadow, database_owner="dba", connecting_user="master")
    return [change.statement.as_string() for change in changes]


def test_an_object_goes_to_lives_owner_by_way_of_the_databases() -> None:
    live = {TABLE: Owner(name="migrator", can_give=True)}
    assert owners(live, {TABLE: Owner(name="master", can_give=True)}) == [
        'ALTER TABLE public.t OWNER TO "dba"',
        'ALTER TABLE public.t OWNER TO "migrator"',
    ]
    assert owners(live, {TABLE: Owner(name="dba", can_give=True)}) == [
        'ALTER TABLE public.t OWNER TO "migrator"'
    ]
    assert owners(live, live) == []


def test_an_object_without_a_like_in_live_goes_to_the_databases_owner() -> None:
    shadow = {TABLE: Owner(name="master", can_give=True)}
    expected = ['ALTER TABLE public.t OWNER TO "dba"']
    assert owners({}, shadow) == expected
    assert owners({TABLE: Owner(name="stranger", can_give=False)}, shadow) == expected
    assert owners({TABLE: Owner(name="master", can_give=True)}, shadow) == expected


def test_a_large_objects_number_is_no_name() -> None:
    key = ObjectKey(kind="large object", identity="16400")
    found = {key: Owner(name="master", can_give=True)}
    assert owners({key: Owner(name="migrator", can_give=True)}, found) == [
        'ALTER LARGE OBJECT 16400 OWNER TO "dba"'
    ]


def test_what_only_a_superuser_can_give_away_is_left() -> None:
    found = {ObjectKey(kind=kind, identity="x"): Owner(name="master", can_give=True) for kind in
             ("event trigger", "foreign-data wrapper", "user mapping", "default acl")}  # fmt: skip
    assert owners({}, found) == []


def securable(
    *grants: Grant, owner: str = "dba", schema: str = "public", in_extension: bool = False
) -> Securable:
    return Securable(
        schema=schema,
        owner=owner,
        owner_is_superuser=False,
        in_extension=in_extension,
        grants=frozenset(grants),
    )


def grants(
    live: Mapping[ObjectKey, Securable],
    shadow: Mapping[ObjectKey, Securable],
    defaults: Mapping[DefaultKey, Grants] | None = None,
) -> list[str]:
    changes = grant_changes(live, shadow, defaults=defaults or {}, builtin=BUILTIN, connecting_user="master")
    return sorted(change.statement.as_string() for change in changes)


OWN = Grant(grantee="dba", privilege="SELECT")
READ = Grant(grantee="reader", privilege="SELECT")
ALL = Grant(grantee=None, privilege="SELECT")


def test_grants_become_lives() -> None:
    assert grants({T: securable(OWN, READ)}, {T: securable(OWN, ALL)}) == [
        'GRANT SELECT ON TABLE public.t TO "reader"',
        "REVOKE SELECT ON TABLE public.t FROM PUBLIC",
    ]


def test_a_new_object_gets_lives_default_privileges_of_its_owner_and_schema() -> None:
    defaults = {
        DefaultKey(role="dba", schema="public", kind="TABLE"): frozenset({READ}),
        DefaultKey(role="dba", schema="other", kind="TABLE"): frozenset({ALL}),
        DefaultKey(role="migrator", schema="public", kind="TABLE"): frozenset({ALL}),
    }
    assert grants({}, {T: securable(OWN)}, defaults) == ['GRANT SELECT ON TABLE public.t TO "reader"']


def test_a_list_of_default_privileges_wherever_replaces_postgresqls_own() -> None:
    routine = ObjectKey(kind="ROUTINE", identity="public.f()")
    execute = Grant(grantee="dba", privilege="EXECUTE")
    defaults = {DefaultKey(role="dba", schema=None, kind="ROUTINE"): frozenset({execute})}
    found = securable(execute, Grant(grantee=None, privilege="EXECUTE"))
    assert grants({}, {routine: found}) == []
    assert grants({}, {routine: found}, defaults) == ["REVOKE EXECUTE ON ROUTINE public.f() FROM PUBLIC"]


def test_the_public_schema_and_extensions_objects_keep_what_they_were_made_with() -> None:
    public = ObjectKey(kind="SCHEMA", identity="public")
    assert grants({}, {public: securable(Grant(grantee=None, privilege="USAGE"))}) == []
    assert grants({}, {T: securable(OWN, ALL, in_extension=True)}) == []


def test_a_columns_grants_are_given_where_only_live_has_some_and_taken_where_only_the_shadow_has() -> None:
    column = ObjectKey(kind="COLUMN", identity="public.t", column="c")
    table = {T: securable(OWN)}
    assert grants({**table, column: securable(READ)}, table) == [
        'GRANT SELECT ("c") ON TABLE public.t TO "reader"'
    ]
    assert grants(table, {**table, column: securable(READ)}) == [
        'REVOKE SELECT ("c") ON TABLE public.t FROM "reader"'
    ]
    assert grants({**table, column: securable(READ)}, {}) == []


def test_default_privileges_become_lives_where_the_schema_is_there() -> None:
    live = {
        DefaultKey(role="dba", schema="public", kind="TABLE"): frozenset({READ}),
        DefaultKey(role="dba", schema="gone", kind="TABLE"): frozenset({READ}),
        DefaultKey(role="dba", schema=None, kind="ROUTINE"): frozenset(
            {Grant(grantee="dba", privilege="EXECUTE")}
        ),
    }
    shadow = {
        DefaultKey(role="dba", schema="public", kind="SEQUENCE"): frozenset(
            {Grant(grantee="x", privilege="USAGE")}
        )
    }
    changes = default_changes(live, shadow, builtin=BUILTIN, schemas=frozenset({"public"}))
    assert [change.statement.as_string() for change in changes] == [
        'ALTER DEFAULT PRIVILEGES FOR ROLE "dba" REVOKE EXECUTE ON ROUTINES FROM PUBLIC',
        'ALTER DEFAULT PRIVILEGES FOR ROLE "dba" IN SCHEMA "public" REVOKE USAGE ON SEQUENCES FROM "x"',
        'ALTER DEFAULT PRIVILEGES FOR ROLE "dba" IN SCHEMA "public" GRANT SELECT ON TABLES TO "reader"',
    ]
    assert default_changes(live, live, builtin=BUILTIN, schemas=frozenset({"public"})) == []
