from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from contracts.errors import PolicyInvalid, Unclassified
from masking.catalogue import Table
from masking.planning.plan import Plan, make_plan
from masking.policy.reading import parse_policy
from tests.unit.masking.shapes import USERS, catalogue, column, foreign_key, table, unique

MILLION = 1_000_000


def plan(policy: str, *tables: Table) -> Plan:
    return make_plan(catalogue(*tables), parse_policy(policy))


def refusal(policy: str, *tables: Table) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        plan(policy, *tables)
    return str(caught.value)


def one_column(rule: str, found: Table) -> str:
    return f"tables:\n  {found}:\n    columns:\n      id: keep\n      c: {rule}\n"


def holder(
    base_type: str = "varchar", *, is_unique: bool = False, rows: int = MILLION, **more: object
) -> Table:
    return table(
        "t",
        column("id", "int8"),
        column("c", base_type, **more),
        indexes=(unique("t_c_key", "c"),) if is_unique else (),
        estimated_rows=rows,
    )


def test_what_is_unlisted_stops_the_run_with_lines_that_classify_it() -> None:
    odd = table("odd.Weird Name", column("no"), column("data", "jsonb"), column("pic", "bytea"))
    with pytest.raises(Unclassified) as caught:
        make_plan(
            catalogue(USERS, odd, large_objects=2),
            parse_policy("tables: {users: {columns: {id: keep, ssn: ssn, phone: phone}}}"),
        )
    assert caught.value.columns == ("public.users.email", "odd.Weird Name", "large objects")
    lines = caught.value.policy_lines
    assert lines in str(caught.value)
    added = lines.replace(
        "public.users:\n    columns:",
        "public.users:\n    columns:\n      id: keep\n      ssn: ssn\n      phone: phone",
    )
    found = make_plan(catalogue(USERS, odd, large_objects=2), parse_policy(added))
    assert found.large_objects == "empty"
    assert {name.column.name: name.masker for name in found.tables_by_id[odd.id].columns} == {
        "no": "free_text",
        "data": "json",
        "pic": "bytes",
    }


def test_what_could_hold_text_is_never_proposed_to_be_kept() -> None:
    strange = table(
        "strange",
        column("id", "int8", not_null=True),
        column("span", "tstzrange"),
        column("mood", "mood", enum_labels=("glad",)),
        column("home", "address", type="public.address"),
        column("tags", "hstore", type="public.hstore", not_null=True),
        column("doc", "xml"),
        column("words", "tsvector"),
        column("mails", "_mail", type="public.mail[]", not_null=True),
        column("place", "point"),
        column("docs", "_json"),
    )
    with pytest.raises(Unclassified) as caught:
        plan("tables: {}", strange)
    lines = caught.value.policy_lines
    proposed = yaml.safe_load(lines)["tables"]["public.strange"]["columns"]
    assert proposed == {
        "id": "keep",
        "span": "keep",
        "mood": "keep",
        "home": None,
        "tags": {"constant": ""},
        "doc": None,
        "words": None,
        "mails": {"constant": "{}"},
        "place": None,
        "docs": None,
    }
    assert plan(lines, strange).tables


def test_what_has_a_stated_derivation_needs_no_rule() -> None:
    root = table("orders", column("id"), column("at", "date", partition_key=True), kind="p")
    leaf = table("orders_1", column("id"), column("at", "date"), partition_of=root.id)
    found = plan(
        "tables: {orders: {columns: {id: pseudonym, at: keep}}}",
        root,
        leaf,
        table("totals", column("sum"), kind="m"),
        table("elsewhere", column("name"), kind="f"),
        table("spatial_ref_sys", column("srid"), extension="postgis", extension_config=True),
    )
    assert {str(one.table): one.action for one in found.tables} == {
        "public.orders": "full",
        "public.orders_1": "full",
        "public.totals": "empty",
        "public.elsewhere": "empty",
        "public.spatial_ref_sys": "empty",
    }
    assert [one.action for one in found.tables_by_id[leaf.id].columns] == ["mask", "keep"]
    assert [str(one[0].table) for stage in found.stages for one in stage.passes] == ["public.orders_1"]


def test_a_masked_partition_key_sends_the_pass_over_the_whole_tree() -> None:
    root = table("orders", column("at", "date", partition_key=True), kind="p")
    leaf = table("orders_1", column("at", "date", partition_key=True), partition_of=root.id)
    found = plan("tables: {orders: {columns: {at: date}}}", root, leaf)
    assert [str(one[0].table) for stage in found.stages for one in stage.passes] == ["public.orders"]


def test_a_key_of_one_sub_tree_sends_the_pass_over_the_whole_tree_once() -> None:
    root = table("c", column("region"), column("email", partition_key=True), kind="p")
    plain = table("c_a", column("region"), column("email"), partition_of=root.id)
    hashed = table("c_b", *root.columns, kind="p", partition_of=root.id)
    leaf = table("c_b0", *root.columns, partition_of=hashed.id)
    found = plan("tables: {c: {columns: {region: keep, email: email}}}", root, plain, hashed, leaf)
    assert [str(one[0].table) for stage in found.stages for one in stage.passes] == ["public.c"]


def test_a_foreign_partition_is_named_where_rows_may_change_partition() -> None:
    columns = (column("region"), column("email", partition_key=True))
    root = table("c", *columns, kind="p")
    ours = table("c_a", *columns, partition_of=root.id)
    middle = table("c_b", *columns, kind="p", partition_of=root.id)
    theirs = table("c_b0", *columns, kind="f", partition_of=middle.id)
    message = refusal("tables: {c: {columns: {region: keep, email: email}}}", root, ours, middle, theirs)
    assert "public.c.email is in the partition key and masked" in message
    assert "partition public.c_b0 is a foreign table" in message
    assert "Keep the column" in message
    found = plan("tables: {c: {columns: {region: city, email: keep}}}", root, ours, middle, theirs)
    assert [str(one[0].table) for stage in found.stages for one in stage.passes] == ["public.c_a"]


def test_a_generated_column_follows_what_it_is_generated_from() -> None:
    people = table(
        "people",
        column("name"),
        column("size", "int4"),
        column("shout", generated=True, generated_from=("name",)),
        column("double", "int4", generated=True, generated_from=("size",)),
    )
    found = plan("tables: {people: {columns: {name: full_name, size: keep}}}", people)
    assert [(one.action, one.masker) for one in found.tables[0].columns[2:]] == [
        ("mask", "generated"),
        ("keep", None),
    ]
    assert "generated from name" in refusal(
        "tables: {people: {columns: {name: full_name, size: keep, shout: free_text}}}", people
    )


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        ("tables:\n  nowhere: empty", "policy.yaml:2:3: there is no table public.nowhere"),
        ("tables:\n  t:\n    columns:\n      d: keep", "policy.yaml:4:7: table public.t has no column d"),
        (
            "tables:\n  t:\n    columns:\n      c: json",
            "policy.yaml:4:7: column public.t.c is of type varchar",
        ),
        ("tables:\n  t:\n    columns:\n      id: keep\n      c: {sql: 'other'}", "refers to other"),
        (
            "tables:\n  t:\n    columns:\n      id: keep\n      c: {sql: '1; DROP TABLE t'}",
            "isn't an expression",
        ),
        ("tables:\n  t:\n    columns:\n      id: keep\n      c: {sql: '(SELECT 1)'}", "sub-select"),
        (
            "tables:\n  t:\n    where: 'id >'\n    columns: {id: keep, c: keep}",
            "policy.yaml:2:3: where isn't",
        ),
    ],
)
def test_a_rule_that_fits_nothing_is_named_with_its_place(policy: str, what: str) -> None:
    assert what in refusal(policy, holder())


def test_null_is_refused_where_the_column_is_not_null() -> None:
    assert "NOT NULL" in refusal(one_column("null", holder(not_null=True)), holder(not_null=True))


@pytest.mark.parametrize("masker", ["email", "username", "pseudonym", "first_name", "free_text", "street"])
def test_a_unique_index_gets_enough_letters_or_an_error_that_names_it(masker: str) -> None:
    wide = holder(max_length=60, is_unique=True)
    (use,) = [use for _, use in plan(one_column(masker, wide), wide).uses()]
    assert 4 * use.letters >= 2 * 20 - 1 + 30
    narrow = holder(max_length=14, is_unique=True)
    message = refusal(one_column(masker, narrow), narrow)
    assert "public.t.c" in message
    assert "t_c_key" in message
    assert "too narrow" in message


@pytest.mark.parametrize(
    ("masker", "base_type"),
    [
        ("{constant: x}", "text"),
        ("postcode", "text"),
        ("json", "jsonb"),
        ("bytes", "bytea"),
        ("date", "date"),
        ("number", "int4"),
    ],
)
def test_a_masker_with_equal_results_is_refused_under_a_unique_index(masker: str, base_type: str) -> None:
    found = holder(base_type, is_unique=True)
    assert "t_c_key" in refusal(one_column(masker, found), found)


@pytest.mark.parametrize("rule", ["ip", "{ip: {}, when: id > 1, otherwise: {keep: ours}}"])
@pytest.mark.parametrize("is_exclusion", [False, True])
def test_networks_are_refused_under_a_unique_index_and_addresses_are_not(
    rule: str, is_exclusion: bool
) -> None:
    def found(base_type: str) -> Table:
        index = unique("t_c_key", "c")
        if is_exclusion:
            index = replace(index, unique=False, exclusion=True)
        return table("t", column("id", "int8"), column("c", base_type), indexes=(index,))

    message = refusal(one_column(rule, found("cidr")), found("cidr"))
    assert "column public.t.c is in unique index or constraint t_c_key, and ip keeps a network's" in message
    assert "Use null, sql or a script" in message
    assert plan(one_column(rule, found("inet")), found("inet")).tables
    assert plan(one_column(rule, holder("cidr")), holder("cidr")).tables


def test_no_line_that_is_proposed_for_networks_breaks_their_unique_index() -> None:
    with pytest.raises(Unclassified) as caught:
        plan("tables: {}", holder("cidr", is_unique=True))
    assert "c: null" in caught.value.policy_lines


def test_a_constant_may_stand_where_kept_columns_make_the_index_hold() -> None:
    found = table(
        "t",
        column("id", "int8", not_null=True),
        column("c"),
        indexes=(unique("t_pkey", "id", primary=True), unique("t_both", "id", "c")),
    )
    assert plan(one_column("{constant: x}", found), found).tables[0].columns[1].masker == "constant"


def test_null_may_stand_in_a_unique_index_unless_nulls_are_equal_there() -> None:
    assert plan(one_column("null", holder(is_unique=True)), holder(is_unique=True)).tables
    strict = table("t", column("id"), column("c"), indexes=(unique("t_c_key", "c", nulls_not_distinct=True),))
    assert "t_c_key" in refusal(one_column("null", strict), strict)


def test_an_email_needs_room_for_its_domain() -> None:
    assert "at least 13 characters" in refusal(
        one_column("email", holder(max_length=12)), holder(max_length=12)
    )


def test_a_constant_must_fit() -> None:
    assert "constant has 6 characters" in refusal(
        one_column("{constant: abcdef}", holder(max_length=5)), holder(max_length=5)
    )


PARENT = table("parent", column("code"), indexes=(unique("parent_code_key", "code"),))
CHILD = table(
    "child", column("code"), foreign_keys=(foreign_key("child_code_fkey", "code", "parent", "code"),)
)


def test_a_foreign_key_must_mask_alike_at_both_ends() -> None:
    def policy(parent: str, child: str) -> str:
        return f"tables: {{parent: {{columns: {{code: {parent}}}}}, child: {{columns: {{code: {child}}}}}}}"

    for same in ("keep", "pseudonym", "email"):
        assert plan(policy(same, same), PARENT, CHILD).tables
    assert plan(policy("pseudonym", "null"), PARENT, CHILD).tables
    for parent, child in (
        ("keep", "pseudonym"),
        ("pseudonym", "keep"),
        ("pseudonym", "email"),
        ("pseudonym", "{pseudonym: {domain: other}}"),
    ):
        message = refusal(policy(parent, child), PARENT, CHILD)
        assert "child_code_fkey" in message
        assert "masked differently" in message


def test_columns_that_a_foreign_key_joins_get_the_narrower_ones_letters() -> None:
    narrow = table(
        "child",
        column("code", "varchar", max_length=25),
        foreign_keys=CHILD.foreign_keys,
    )
    found = plan(
        "tables: {parent: {columns: {code: email}}, child: {columns: {code: email}}}", PARENT, narrow
    )
    assert {use.letters for _, use in found.uses()} == {13}


def test_nothing_may_refer_to_a_table_that_is_emptied() -> None:
    message = refusal("tables: {parent: empty, child: {columns: {code: keep}}}", PARENT, CHILD)
    assert "child_code_fkey" in message
    assert "emptied" in message
    assert plan("tables: {parent: empty, child: {columns: {code: null}}}", PARENT, CHILD).tables
    assert plan("tables: {parent: empty, child: empty}", PARENT, CHILD).tables


def test_ssns_are_distinct_without_an_index_and_phones_only_with_one() -> None:
    assert plan(one_column("ssn", holder()), holder()).mapped_domains == ("ssn",)
    assert plan(one_column("phone", holder()), holder()).mapped_domains == ()
    assert plan(one_column("phone", holder(is_unique=True)), holder(is_unique=True)).mapped_domains == (
        "phone",
    )


def test_a_script_may_not_assign_a_unique_column_whose_numbers_are_settled_before_it_runs() -> None:
    policy, script = one_column("phone", holder()), {"a.sql": "UPDATE t SET c = '+1 ' || c"}
    assert make_plan(catalogue(holder()), parse_policy(policy, script)).stages
    with pytest.raises(PolicyInvalid, match=r"in a unique index and masked by phone, and masking/a\.sql:1"):
        make_plan(catalogue(holder(is_unique=True)), parse_policy(policy, script))


def test_filtered_tables_are_in_the_policys_order() -> None:
    a, b = table("a", column("id")), table("b", column("id"))
    found = plan(
        "tables: {b: {where: 'true', columns: {id: keep}}, a: {where: 'true', columns: {id: keep}}}", a, b
    )
    assert [one.table.name for one in found.filtered] == ["b", "a"]
    assert {one.action for one in found.tables} == {"where"}


def test_an_expression_over_other_masked_columns_is_made_of_their_masks() -> None:
    people = table("people", column("first"), column("whole"), column("size", "int4"))
    found = plan(
        "tables: {people: {columns: {first: first_name, whole: {sql: 'first || size'}, size: {sql: 'size / 10'}}}}",
        people,
    )
    ((passes,),) = [stage.passes for stage in found.stages]
    (one,) = passes
    assert [update.column for update in one.updates] == ["first", "size", "whole"]
    assert "refresh_mask" in one.updates[2].value.as_string(None)
