"""Reading pg_restore's listing and its COPY statements, whatever the names are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.errors import ArchiveInvalid
from tasks.archive.toc import (
    CopyStatement,
    Pass,
    parse_copy_statements,
    parse_list,
    pass_of_post_data,
    pass_of_pre_data,
    use_list,
)

LISTING = """\
;
; Archive created at 2026-01-01 00:00:00 UTC
;     Compression: zstd
;
; Selected TOC Entries:
;
2; 3079 16417 EXTENSION - citext 
2664; 0 0 COMMENT - EXTENSION citext 
6; 2615 16380 SCHEMA - Odd Schema owner
2665; 0 0 COMMENT - SCHEMA Odd Schema owner
218; 1259 16389 TABLE public a owner
221; 1259 16405 MATERIALIZED VIEW public mv owner
2653; 0 16389 TABLE DATA public a owner
2654; 0 16397 TABLE DATA public odd -- Name nl owner
2666; 0 0 SEQUENCE SET public s owner
2506; 2606 16396 CONSTRAINT public a_pkey owner
2656; 0 16405 MATERIALIZED VIEW DATA public mv owner
2657; 3466 16500 EVENT TRIGGER - watch owner
2667; 0 0 COMMENT - EVENT TRIGGER watch owner
2658; 6104 16501 PUBLICATION - p owner
2659; 6106 16502 PUBLICATION TABLE public p a owner
"""  # noqa: W291 - as pg_restore prints them


def test_kinds_of_several_words_are_told_from_names() -> None:
    entries = parse_list(LISTING)
    assert [entry.kind for entry in entries if entry.kind.startswith(("TABLE", "MAT"))] == [
        "TABLE", "MATERIALIZED VIEW", "TABLE DATA", "TABLE DATA", "MATERIALIZED VIEW DATA",
    ]  # fmt: skip
    data = [entry for entry in entries if entry.kind == "TABLE DATA"]
    assert [(entry.dump_id, entry.oid) for entry in data] == [(2653, 16389), (2654, 16397)]


def test_a_used_list_is_the_lines_as_they_came() -> None:
    entries = parse_list(LISTING)
    assert (
        use_list(entries[:2]) == "2; 3079 16417 EXTENSION - citext \n2664; 0 0 COMMENT - EXTENSION citext \n"
    )


def test_who_creates_an_entry_and_when() -> None:
    before = {entry.name: pass_of_pre_data(entry) for entry in parse_list(LISTING)[:6]}
    assert before == {
        "EXTENSION - citext": Pass.EXTENSIONS,
        "COMMENT - EXTENSION citext": None,
        "SCHEMA - Odd Schema owner": Pass.SCHEMAS,
        "COMMENT - SCHEMA Odd Schema owner": Pass.PRE_DATA,
        "TABLE public a owner": Pass.PRE_DATA,
        "MATERIALIZED VIEW public mv owner": Pass.PRE_DATA,
    }
    after = [pass_of_post_data(entry) for entry in parse_list(LISTING)[9:]]
    assert after == [Pass.POST_DATA, Pass.MATERIALIZED_VIEWS, *[Pass.PRIVILEGED] * 4]


TOKEN = "rows-0123"
SCRIPT = """\
SET row_security = off;

--
-- Data for Name: users; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.users (id, email) FROM stdin;
rows-0123 11
\\.


--
-- Data for Name: odd -- Name nl; Type: TABLE DATA; Schema: Odd; Owner: -
--

COPY "Odd"."odd

--
-- Data for Name: COPY
--

nl ""q"" all" ("c
FROM stdin;", "select (x)") FROM stdin;
rows-0123 12
\\.


--
-- Data for Name: none; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.none  FROM stdin;
rows-0123 13
\\.


--
-- PostgreSQL database dump complete
--
"""


def test_copy_statements_are_found_by_dump_id_whatever_the_names() -> None:
    found = parse_copy_statements(SCRIPT, TOKEN)
    assert found[11] == CopyStatement(table="public.users", columns="id, email")
    assert found[12].table.startswith('"Odd"."odd\n')
    assert found[12].columns == '"c\nFROM stdin;", "select (x)"'
    assert found[13] == CopyStatement(table="public.none", columns=None)


def test_a_script_without_copy_is_refused() -> None:
    with pytest.raises(ArchiveInvalid, match="entry 11"):
        parse_copy_statements(SCRIPT.replace("COPY public.users", "INSERT INTO public.users"), TOKEN)


def test_a_table_is_copied_with_pg_dumps_own_columns_both_ways() -> None:
    users = CopyStatement(table="public.users", columns="id, email")
    assert users.from_stdin() == b"COPY public.users (id, email) FROM STDIN"
    assert users.to_stdout(None) == b"COPY public.users (id, email) TO STDOUT"
    written_anew = replace(users, rows_in_children=True)
    assert written_anew.to_stdout(None) == b"COPY (SELECT id, email FROM public.users WHERE true) TO STDOUT"
    assert users.to_stdout("true") == b"COPY (SELECT id, email FROM ONLY public.users WHERE true) TO STDOUT"
    nothing = CopyStatement(table="public.none", columns=None)
    assert nothing.from_stdin() == b"COPY public.none FROM STDIN"
    assert nothing.to_stdout("true") == b"COPY (SELECT  FROM ONLY public.none WHERE true) TO STDOUT"
