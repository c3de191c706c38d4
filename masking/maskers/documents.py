"""Free text, JSON, composites and bytes."""

from __future__ import annotations

from psycopg import sql

from masking.maskers.composite_forms import holds_by_attribute, masked_by_attribute
from masking.maskers.forms import JSON, TEXT, as_constant, call, is_constant, is_filler, letters_of
from masking.maskers.json_forms import holds_by_path, masked_by_path
from masking.maskers.masker import Masker, literal, text_of
from masking.maskers.parameters import Bytes, Composite, JsonValue, Redact

_JSON_BY_PATH = Masker(
    name="json",
    doc="JSON by path.",
    parameters=JsonValue,
    types=JSON,
    keyed=False,
    coincidence="what is kept of a document may be all that it held",
    mask=masked_by_path,
    holds=holds_by_path,
    elementwise=False,
)

DOCUMENTS = (
    Masker(
        name="free_text",
        doc=(
            "Filler words, as long as the value, but not of its shape, which `letters` keeps. Under a unique index, "
            "characters from a keyed hash come first."
        ),
        types=TEXT,
        distinct="letters",
        room=lambda width: width,
        coincidence="a text of a few characters may be the filler's own",
        mask=call("free_text", letters_of),
        holds=is_filler,
    ),
    Masker(
        name="json",
        doc=(
            "One JSON value in every row, {} by default. With paths: each path's texts and numbers by its own masker "
            '($.name, $."a name", [*] for every element), and what no path names is dropped, or made a constant, or '
            "kept with a reason ({default: {keep: …}}). What isn't of the shape that its path says is dropped."
        ),
        parameters=JsonValue,
        types=JSON,
        keyed=False,
        coincidence="a row may have had the value before",
        mask=as_constant,
        holds=is_constant,
        elementwise=False,
        variant=lambda parameters: _JSON_BY_PATH if parameters.paths else None,
    ),
    Masker(
        name="composite",
        doc=(
            "A value of a composite type with each attribute masked by its own masker, or kept: {street: street, "
            "since: keep}. Every attribute is named. NULL stays NULL."
        ),
        parameters=Composite,
        keyed=False,
        coincidence="what is kept of a composite may be all that it held",
        mask=masked_by_attribute,
        holds=holds_by_attribute,
    ),
    Masker(
        name="bytes",
        doc="The same bytes in every row, none by default; or a tiny valid file of a kind (png, jpeg, pdf).",
        parameters=Bytes,
        types=frozenset({"bytea"}),
        keyed=False,
        coincidence="a row may have had them before",
        mask=as_constant,
        holds=is_constant,
        elementwise=False,
    ),
    Masker(
        name="redact",
        doc=(
            "The text, with e-mail addresses, links and numbers of five and more digits replaced by their kind in "
            "brackets. Names stay, so it needs a reason."
        ),
        parameters=Redact,
        types=TEXT,
        keyed=False,
        distinct="no",
        coincidence="most of a text stays",
        mask=lambda use, value: sql.SQL("CAST(refresh_mask.redact({}, {}) AS {})").format(
            text_of(value), literal(use.width), use.element_type
        ),
        holds=lambda use, value: sql.SQL(
            "{text} IS NULL OR {text} !~ '[^[:space:]]@[^[:space:]]|[0-9]([-[:space:]()./]*[0-9]){{4}}'"
        ).format(text=text_of(value)),
    ),
)
