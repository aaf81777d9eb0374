"""From an expression's text to its checked tree, by cel-expr-python (cel-cpp's parser and type checker)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from dra_core.cel.declarations import EXTENSIONS, QUANTITY, REPLACED, overloads, split_types
from dra_core.cel.environment import Environment
from dra_core.cel.issues import in_layout, translated
from dra_core.cel.literals import misused_device, wrong_literals
from dra_core.cel.rewriting import as_parser_reads
from dra_core.cel.syntax import Checked
from dra_core.cel.wire import read_checked
from dra_core.snapshot.json_value import Json, JsonObject

if TYPE_CHECKING:
    from typing import Protocol

    class _Expression(Protocol):
        def serialize(self) -> bytes: ...

    class _Parser(Protocol):
        def compile(self, expression: str) -> _Expression: ...


FIELDS = ("driver", "attributes", "capacity", "allowMultipleAllocations")
_FIELD_TYPES = {
    "driver": "string",
    "attributes": "map<string,map<string,dyn>>",
    "capacity": f"map<string,map<string,{QUANTITY}>>",
    "allowMultipleAllocations": "bool",
}
_STATUS = "INVALID_ARGUMENT"


class Rejected(msgspec.Struct, frozen=True):
    """The text is no expression of this environment; or, with ``missing``, there is no parser to ask."""

    text: str
    missing: bool = False


def parse(expression: str, environment: Environment) -> Checked | Rejected:
    """Parse and check an expression over ``device``."""
    try:
        parser = _parser(environment)
    except ImportError:
        return Rejected("the parser for CEL (package cel-expr-python) is not installed", missing=True)
    if not expression.isascii() and any("\ud800" <= letter <= "\udfff" for letter in expression):
        return Rejected("ERROR: <input>:1:1: invalid UTF-8")  # half a character; no API server lets it through
    try:
        data = parser.compile(as_parser_reads(expression, known_fields(environment))).serialize()
    except (RuntimeError, ValueError) as error:
        return Rejected(translated(_text(str(error)), expression, overloads(environment)))
    checked = read_checked(data)
    issues = misused_device(checked, known_fields(environment)) or wrong_literals(checked)
    return Rejected(in_layout(issues, expression)) if issues else checked


def _text(message: str) -> str:
    """The checker's own words, without the status around them."""
    return message.removeprefix(f"{_STATUS}: ").removesuffix(f" [{_STATUS}]")


def known_fields(environment: Environment) -> tuple[str, ...]:
    """The fields of ``device``."""
    return FIELDS if environment.multiple_allocations else FIELDS[:3]


@cache
def _parser(environment: Environment) -> _Parser:
    """The parser of an environment; a pure value, made once because making it takes milliseconds."""
    from cel_expr_python import cel

    functions: dict[str, list[JsonObject]] = {}
    for number, overload in enumerate(overloads(environment)):
        parameters = [_type(text) for text in overload.parameters]
        declared: dict[str, Json] = {"id": f"kubernetes_{number}", "return": _type(overload.result)}
        if overload.method:
            declared["target"] = parameters.pop(0)
        functions.setdefault(overload.function, []).append({**declared, "args": parameters})
    variables = {f"device.{field}": _FIELD_TYPES[field] for field in known_fields(environment)}
    variables["device"] = "map<string,dyn>"
    config: JsonObject = {
        "stdlib": {"exclude_functions": [{"name": name} for name in REPLACED]},
        "extensions": [{"name": name} for name in EXTENSIONS],
        "variables": [{"name": name, **_type(text)} for name, text in variables.items()],
        "functions": [{"name": name, "overloads": declared} for name, declared in functions.items()],
    }
    # JSON is YAML.
    parser: _Parser = cel.NewEnv(config=cel.NewEnvConfigFromYaml(msgspec.json.encode(config).decode()))
    return parser


def _type(text: str) -> JsonObject:
    """A type of the declarations as cel-cpp's configuration writes it."""
    if text.startswith("~"):
        return {"type_name": text[1:], "is_type_param": True}
    name, bracket, inner = text.partition("<")
    if not bracket:
        return {"type_name": name}
    return {"type_name": name, "params": [_type(part) for part in split_types(inner[:-1])]}
