"""A rule that is taken is one that can be judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coreskills.domain.rule_faults import LARGEST, wrongs
from coreskills.domain.rules import DEEPEST, OPERATORS, judge

scalar = st.one_of(st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text(max_size=4))
value = st.one_of(scalar, st.none(), st.lists(scalar, max_size=3), st.just("10.0.1"))
condition = st.fixed_dictionaries(
    {
        "Field": st.one_of(st.sampled_from(["a", "b", ""]), scalar),
        "Op": st.one_of(st.sampled_from(sorted(OPERATORS)), st.just("is")),
        "Value": value,
    }
)
rule = st.recursive(
    st.one_of(condition, value, st.just({})),
    lambda part: st.one_of(
        st.fixed_dictionaries({"All": st.lists(part, max_size=3)}),
        st.fixed_dictionaries({"Any": st.lists(part, max_size=3)}),
        st.fixed_dictionaries({"Not": part}),
        st.fixed_dictionaries({"Not": part, "All": st.lists(part, max_size=2)}),
    ),
    max_leaves=8,
)
facts = st.dictionaries(st.sampled_from(["a", "b"]), value)


def every_part(found):
    """The rule and all rules inside of it, for `All` hides a wrong one behind the first fail."""
    yield found
    if isinstance(found, dict):
        inner = [found["Not"]] if "Not" in found else []
        for one in [*inner, *found.get("All", []), *found.get("Any", [])]:
            yield from every_part(one)


@given(rule, facts)
def test_what_is_taken_is_never_malformed_and_what_is_malformed_is_never_taken(found, known):
    if wrongs(found) == []:
        verdicts = [judge(part, known) for part in every_part(found)]
        assert "rule is malformed" not in {verdict.reason for verdict in verdicts}
    if judge(found, known).reason == "rule is malformed":
        assert wrongs(found)


@pytest.mark.parametrize(
    ("op", "good", "bad"),
    [
        ("eq", True, None),
        ("eq", "on", ["on"]),
        ("ne", 1, {}),
        ("lt", 1.5, "1"),
        ("ge", 0, True),
        ("in", ["a", 1], []),
        ("in", [True], "abc"),
        ("contains", "a", ["a"]),
        ("exists", False, 1),
        ("version_lt", "10.0.22631", "eleven"),
        ("version_eq", "14.0-beta.2", 14),
    ],
)
def test_each_operator_says_what_it_takes(op, good, bad):
    assert wrongs({"Field": "f", "Op": op, "Value": good}) == []
    (one,) = wrongs({"Field": "f", "Op": op, "Value": bad})
    assert (one.place, one.code) == (("Value",), "rule_value")
    assert op in one.message


def nested(times):
    found = {"Field": "f", "Op": "eq", "Value": 1}
    for _ in range(times):
        found = {"Not": found}
    return found


def test_a_rule_is_as_deep_as_it_may_be_and_not_deeper():
    assert wrongs(nested(DEEPEST - 1)) == []
    (one,) = wrongs(nested(DEEPEST))
    assert (one.code, len(one.place)) == ("rule_depth", DEEPEST)
    assert wrongs(nested(900))


def test_a_rule_has_a_size_and_a_list_of_its_faults_has_an_end():
    assert wrongs({"Field": "f", "Op": "eq", "Value": "x" * (LARGEST - 50)}) == []
    (one,) = wrongs({"Field": "f", "Op": "eq", "Value": "x" * LARGEST})
    assert one.code == "rule_size"
    assert len(wrongs({"All": [0] * 5000})) == 100
