"""What holds for every expression: equal keys give equal answers, nothing is raised, counting changes no answer."""

from __future__ import annotations

import re

import pytest
from dra_core.cel.environment import Environment
from dra_core.cel.expression import Expression, Fault, compile_condition
from dra_core.cel.program import Program
from dra_core.snapshot.device import Device, DeviceAttribute, DeviceCapacity
from hypothesis import example, given
from hypothesis import strategies as st

DRIVER = "d.example.com"
NEWEST = Environment()
NAMES = ("model", "index", "x.org/root", "d.example.com/model")
VALUES = (
    DeviceAttribute(string_value="a"),
    DeviceAttribute(string_value="b"),
    DeviceAttribute(int_value=1),
    DeviceAttribute(int_value=2),
    DeviceAttribute(bool_value=True),
    DeviceAttribute(version_value="1.2.3"),
    DeviceAttribute(ints_value=(1, 2)),
)
OWN = "device.attributes['d.example.com']"
ATOMS = (
    f"{OWN}.model == 'a'",
    f"{OWN}.index > 1",
    f"{OWN}.?index.orValue(1) == 1",
    f"has({OWN}.model)",
    f"'model' in {OWN}",
    "'x.org' in device.attributes",
    "device.attributes['x.org'].root == 'a'",
    "device.attributes[device.driver].index == 1",
    "device.attributes[device.driver][device.attributes['x.org'].root] == 'a'",
    f"{OWN}.exists(name, name == 'index')",
    f"{OWN}.all(name, value, value != 'a')",
    f"cel.bind(own, {OWN}, own.model == 'a' && has(own.index))",
    f"cel.bind(model, {OWN}.model, true)",
    "cel.bind(all, device.attributes, all['x.org'].root == 'a')",
    "device.capacity['d.example.com'].memory.isGreaterThan(quantity('2Gi'))",
    "'memory' in device.capacity[device.driver]",
    "device.allowMultipleAllocations",
    "device.driver == 'd.example.com'",
    f"{OWN}.model.matches('^[a-z]$')",
    f"{OWN}[{OWN}.?model.orValue('index')] == 1",
    f"{OWN}.index.isGreaterThan(semver('1.0.0'))",
    "[1, 2].exists(i, device.attributes['d.example.com'].index == i)",
    f"[{OWN}].exists(own, own.model == 'a')",
    "device == device",
)


@st.composite
def devices(draw: st.DrawFn) -> Device:
    attributes = draw(st.dictionaries(st.sampled_from(NAMES[:3]), st.sampled_from(VALUES), max_size=3))
    memory = draw(st.sampled_from(("", "1Gi", "2Gi", "4Gi")))
    return Device(
        name=draw(st.sampled_from(("d0", "d1"))),
        attributes=attributes,
        capacity={"memory": DeviceCapacity(value=memory)} if memory else {},
        allow_multiple_allocations=draw(st.sampled_from((None, False, True))),
    )


def conditions() -> st.SearchStrategy[str]:
    return st.recursive(
        st.sampled_from(ATOMS),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(("&&", "||")), inner).map(lambda parts: f"({' '.join(parts)})"),
            inner.map(lambda part: f"!({part})"),
            st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
        ),
        max_leaves=4,
    )


def compiled(text: str) -> Expression:
    found = compile_condition(text, NEWEST)
    assert isinstance(found, Expression), found
    return found


@given(text=conditions(), one=devices(), other=devices())
@example(text=ATOMS[9], one=Device(name="d0"), other=Device(name="d0", attributes={"index": VALUES[2]}))
def test_devices_with_equal_keys_get_equal_answers(text: str, one: Device, other: Device) -> None:
    expression = compiled(text)
    if expression.key(DRIVER, one) == expression.key(DRIVER, other):
        assert expression.holds(DRIVER, one) == expression.holds(DRIVER, other)


@given(text=conditions(), one=devices())
def test_a_key_leaves_out_what_is_not_read(text: str, one: Device) -> None:
    """Expressions that name what they read are not told apart by a UUID."""
    expression = compiled(text)
    marked = Device(
        name="other",
        attributes={**one.attributes, "uuid": DeviceAttribute(string_value="gpu-0")},
        capacity=one.capacity,
        allow_multiple_allocations=one.allow_multiple_allocations,
    )
    if not expression.reads.everything:
        assert expression.key(DRIVER, one) == expression.key(DRIVER, marked)
        assert expression.holds(DRIVER, one) == expression.holds(DRIVER, marked)


@given(text=conditions(), one=devices())
def test_counting_changes_no_answer(text: str, one: Device) -> None:
    counted = compile_condition(text, NEWEST, counted=True)
    assert isinstance(counted, Expression)
    assert counted.holds(DRIVER, one) == compiled(text).holds(DRIVER, one)


TOKENS = (
    "device", ".", "driver", "attributes", "capacity", "[", "]", "(", ")", "'d.example.com'", "'a'", "1", "1u", "2.5",
    "true", "null", "==", "!=", "<", "in", "+", "-", "*", "/", "%", "!", "&&", "||", "?", ":", ",", "{", "}", ".?",
    "[?", "model", "size(", "exists(", "map(", "x", "quantity(", "semver(", "orValue(", "matches(", "'('", "format(",
    "'%d'", "dyn(",
    "int(", "string(", "duration(", "'1s'", "cel.bind(", "lists.range(", "sort()", "\n", "é", "b'\\xff'",
)  # fmt: skip


@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=14), one=devices())
@example(tokens=[], one=Device(name="d"))
@example(tokens=["'\ud800'"], one=Device(name="d"))
@example(tokens=["device.driver == '\x00'"], one=Device(name="d"))
def test_no_text_raises(tokens: list[str], one: Device) -> None:
    """Any text is a condition or is refused; any condition holds, does not hold, or fails, by value."""
    found = compile_condition(" ".join(tokens) if len(tokens) > 1 else "".join(tokens), NEWEST)
    if isinstance(found, Fault):
        assert found.text
    else:
        assert isinstance(found.holds(DRIVER, one), bool | Fault)


PLAIN = (
    "1 + 2 * 3", "7 / 2", "-7 % 3", "1 < 2", "'a' + 'b'", "'abc'.contains('b')", "'abc'.startsWith('a')", "[1, 2, 3]",
    "[1, 2].exists(x, x > 1)", "[1, 2].all(x, x > 1)", "[1, 2].map(x, x * 2)", "[1, 2].filter(x, x > 1)", "{'a': 1}.a",
    "{'a': 1}['b']", "[1][2]", "1 / 0", "true || 1 / 0 == 1", "false && 1 / 0 == 1", "1 / 0 == 1 || true",
    "size('abc')", "'é'.size()", "has({'a': 1}.b)", "1 in [1, 2]", "'a' in {'a': 1}", "true ? 1 : 2", "int('5')",
    "string(5)", "double('1.5')",
    "dyn(1) == dyn(1.0)", "[1, 2] + [3]", "'abc'.matches('^a.c$')", "9223372036854775807 + 1", "[[1], [2]][1][0]",
    "-(-5)",
    "!true", "b'abc' == b'abc'", "1u + 2u", "1u - 2u", "2.5 * 2.0", "1.0 / 0.0", "null == null", "[1, 2] == [1, 2]",
    "{'a': 1} == {'a': 1}", "[3, 1, 2].exists_one(x, x == 1)", "type(1) == int", "optional.of(1).orValue(2)",
    "{'a': 1}.?b.orValue(7)", "cel.bind(x, 2, x + x)", "int(1.9)", "uint(3)", "bool('true')", "int(-1.9)", "'b' < 'a'",
)  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_the_language_itself_is_that_of_another_implementation(text: str) -> None:
    """cel-cpp evaluates what needs no function of Kubernetes; where it fails, so does drakit."""
    from cel_expr_python import cel

    environment = cel.NewEnv(
        config=cel.NewEnvConfigFromYaml('{"extensions": [{"name": "optional"}, {"name": "bindings"}]}')
    )
    theirs = environment.compile(text).eval(data={}).plain_value()
    mine = compile_condition(f"dyn({text})", NEWEST)
    if isinstance(mine, Fault):
        pytest.fail(mine.text)
    found = mine.evaluate(DRIVER, Device(name="d"))
    if isinstance(found, Fault):
        assert re.match(r"[A-Z_]+: ", str(theirs)), "a status and what went wrong"
    else:
        assert found.value == theirs


def test_a_program_needs_no_device_for_what_is_constant() -> None:
    checked = compiled("1 + 1 == 2").checked
    assert Program(checked.root, checked.types, counted=False).evaluate({}) == (True, 0)
