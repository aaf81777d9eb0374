"""YAML means what PyYAML says it means, except that timestamps stay texts; faults name their line."""

from __future__ import annotations

import contextlib
import re

import pytest
import yaml
from dra_core.snapshot.json_value import Json
from dra_kubectl.yaml_documents import FaultyYamlError, documents, plain_scalar
from hypothesis import given
from hypothesis import strategies as st

# PyYAML writes these line breaks as they are, which libyaml folds; neither occurs in what kubectl prints.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029"))


def is_a_number_to_kubectl_alone(text: str) -> bool:
    """Such as 1e3 and 0o7: PyYAML takes them for texts and writes them without quotes, which kubectl would not."""
    loader = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call] # not in its stubs
    return tag == "tag:yaml.org,2002:str" and not isinstance(plain_scalar(text), str)


TEXTS = TEXTS.filter(lambda text: not is_a_number_to_kubectl_alone(text))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
)


@given(VALUES, st.booleans())
def test_what_is_written_is_read(value: Json, flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    assert list(documents(text.encode())) == [value]


@pytest.mark.parametrize("text", ["0E0", "1e3", "0o7"])
def test_numbers_are_what_kubectl_takes_for_numbers(text: str) -> None:
    assert is_a_number_to_kubectl_alone(text)
    assert list(documents(f"'{text}'".encode())) == [text]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"", []),
        (b"---\n---\na: 1\n", [None, {"a": 1}]),
        (b"a: yes\nb: 'yes'\nc: !!str 1\n", [{"a": True, "b": "yes", "c": "1"}]),
        (b"when: 2026-01-01T00:00:00Z\nday: 2026-01-01\n", [{"when": "2026-01-01T00:00:00Z", "day": "2026-01-01"}]),
        (b"1: a\ntrue: b\n", [{"1": "a", "true": "b"}]),
        (b"a: 0x10\nb: 010\nc: 1_000\nd: 1.5\ne: 1e3\nf: .\ng: -\n".replace(b"g: -\n", b""), None),
        (
            b"base: &b {x: 1}\nmore: {<<: *b, y: 2}\nsame: *b\n",
            [{"base": {"x": 1}, "more": {"x": 1, "y": 2}, "same": {"x": 1}}],
        ),
        (b"'<<': 3\n", [{"<<": 3}]),
        (b"a: .inf\nb: 1.37.2\nc: 5Gi\nd: ~\ne:\n", [{"a": ".inf", "b": "1.37.2", "c": "5Gi", "d": None, "e": None}]),
    ],
)
def test_scalars(text: bytes, values: list[Json] | None) -> None:
    expected = [{"a": 16, "b": 8, "c": 1000, "d": 1.5, "e": 1000.0, "f": "."}] if values is None else values
    assert list(documents(text)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a: 1\na: 2\n", 'line 2: the key "a" comes twice'),
        (b"a: [1\n", "line 2: "),
        (b"a: *nowhere\n", "line 1: "),
        (b"a: &a [*a]\n", "line 1: "),
        (b"[1]: 2\n", "cannot be a key"),
        (b"\x00", "not YAML"),
        (b"\xff\xff", "not YAML"),
        (b"[" * 1000, "levels"),
        (b"<<: 3\n", "<< wants an object"),
    ],
)
def test_faults_name_their_line(text: bytes, words: str) -> None:
    with pytest.raises(FaultyYamlError, match=re.escape(words)):
        list(documents(text))


def test_aliases_cannot_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(FaultyYamlError, match="stand for too much"):
        list(documents("\n".join(lines).encode()))


@given(st.binary(max_size=60) | st.text(alphabet="[]{}:,&*!|>'\"%@`-? \n\tab1<~", max_size=40).map(str.encode))
def test_no_text_brings_anything_but_a_fault(text: bytes) -> None:
    with contextlib.suppress(FaultyYamlError):
        list(documents(text))
