"""What text we accept from outside."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from coreskills.domain.text import Identifier, Label, Line, Name

NAME = TypeAdapter(Name)
IDENTIFIER = TypeAdapter(Identifier)
LABEL = TypeAdapter(Label)
LINE = TypeAdapter(Line)


def refusal(adapter: TypeAdapter[str], value: str) -> str:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value)
    return caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    "name",
    ["X", "王", "O'Brien", "O’Brien", "Nuñez", "Anne-Marie", "J. R.", "de la Cruz", "نازنین‌زهرا"],
)
def test_names_of_the_world_are_names(name):
    assert NAME.validate_python(name) == name


def test_a_name_is_trimmed_and_composed():
    assert NAME.validate_python("  Nun\u0303ez ") == "Nuñez"


def test_the_longest_name_has_a_hundred_characters():
    assert NAME.validate_python("x" * 100)
    assert refusal(NAME, "x" * 101) == "must have 1 to 100 characters"


@pytest.mark.parametrize("name", ["", "   ", "\t\n"])
def test_a_blank_name_is_refused(name):
    assert refusal(NAME, name) == "must have 1 to 100 characters"


@pytest.mark.parametrize("name", ["-", "'", "...", "\u200d"])
def test_punctuation_alone_is_no_name(name):
    assert refusal(NAME, name) == "must contain at least one letter"


@pytest.mark.parametrize(
    ("name", "char"),
    [
        ("Ada1", "'1'"),
        ("Ada;drop", "';'"),
        ("<b>Ada", "'<'"),
        ("Ada\nLovelace", r"'\n'"),
        ("Ada\0", r"'\x00'"),
        ("Ada\u202e", r"'\u202e'"),
        ("Ada 😀", "'😀'"),
        ("=Ada", "'='"),
    ],
)
def test_a_character_that_no_name_has_is_named_in_the_refusal(name, char):
    assert f"must not contain {char}" in refusal(NAME, name)


@pytest.mark.parametrize("value", ["S2028001", "a", "0", "E-10.0_1", "x" * 32, "  S1 "])
def test_an_identifier_is_short_and_plain(value):
    assert IDENTIFIER.validate_python(value) == value.strip()


@pytest.mark.parametrize("value", ["", "-a", ".a", "_a", "a b", "a/b", "é", "x" * 33, "a\nb", "٣"])
def test_anything_else_is_no_identifier(value):
    assert "must be 1 to 32 letters" in refusal(IDENTIFIER, value)


def test_a_label_is_one_line_of_a_hundred_characters_at_most():
    assert LABEL.validate_python(" Arts & Music ") == "Arts & Music"
    assert LABEL.validate_python("x" * 100)
    assert refusal(LABEL, "x" * 101) == "must have at most 100 characters"
    assert refusal(LABEL, "  ") == "must not be empty"
    assert "one line" in refusal(LABEL, "a\nb")


def test_a_line_may_have_a_thousand_characters():
    assert LINE.validate_python("x" * 1000)
    assert refusal(LINE, "x" * 1001) == "must have at most 1000 characters"


def test_the_length_of_a_label_counts_after_composing():
    assert LABEL.validate_python("e\u0301" * 100) == "é" * 100


@settings(deadline=None)
@given(st.text(max_size=120))
def test_an_accepted_name_is_accepted_again_unchanged(text):
    try:
        name = NAME.validate_python(text)
    except ValidationError:
        return
    assert NAME.validate_python(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert "\0" not in name
    assert "\n" not in name


@settings(deadline=None)
@given(st.text(max_size=40))
def test_an_accepted_identifier_is_ascii(text):
    try:
        assert IDENTIFIER.validate_python(text).isascii()
    except ValidationError:
        return


@pytest.mark.parametrize(("adapter", "longest"), [(NAME, 100), (IDENTIFIER, 32), (LABEL, 100)])
def test_the_schema_tells_the_length_that_is_enforced(adapter, longest):
    assert adapter.json_schema()["maxLength"] == longest
    adapter.validate_python("x" * longest)
    refusal(adapter, "x" * (longest + 1))
