"""PostgreSQL Anonymizer's rule files mask as its functions would, without the extension."""

from __future__ import annotations

from pathlib import Path

from tasks.policy_files import read_policy
from tests.integration.masking.conftest import Clone

LABELS = """
SECURITY LABEL FOR anon ON COLUMN people.email IS 'MASKED WITH FUNCTION anon.partial_email(email)';
SECURITY LABEL FOR anon ON COLUMN people.login IS 'MASKED WITH FUNCTION anon.fake_email()';
SECURITY LABEL FOR anon ON COLUMN people.card IS 'MASKED WITH FUNCTION anon.partial(card, 2, $$XX XXXX XXXX XX$$, 2)';
SECURITY LABEL FOR anon ON COLUMN people.note IS 'MASKED WITH VALUE $$CONFIDENTIAL$$';
SECURITY LABEL FOR anon ON COLUMN people.password
    IS 'MASKED WITH FUNCTION anon.ternary(id > 1, NULL::text, password)';
"""


def test_a_rule_file_masks_without_the_extension(clone: Clone) -> None:
    clone.execute(
        "CREATE TABLE people (id int, email text, login varchar(40), card varchar(20), note text, password text);"
        "INSERT INTO people VALUES"
        " (1, 'daniela@mail.example', 'dani', '4012 8888 8888 1881', 'is unhappy', 'a known one'),"
        " (2, 'a@b', NULL, '42', '', 'a secret one')"
    )
    clone.mask("tables: {people: {columns: {id: keep}}}", labels={"rules.sql": LABELS})
    first, second = clone.rows("SELECT * FROM people ORDER BY id")
    assert first[1] == "da******@ma******.example"
    assert first[2].endswith("@example.com")
    assert first[3:] == ("40XX XXXX XXXX XX81", "CONFIDENTIAL", "a known one")
    # What is shorter than the ends that are left is told whole, as by the extension.
    assert second[1:] == ("a******@b******.b", None, "42XX XXXX XXXX XX42", "", None)


def test_rule_files_are_read_from_the_policys_folder(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("tables: {people: {columns: {id: keep}}}")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "rules.sql").write_text(LABELS)
    (rule,) = read_policy(tmp_path).tables.values()
    assert sorted(rule.columns) == ["card", "email", "id", "login", "note", "password"]
