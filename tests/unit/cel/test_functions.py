"""The functions of each library, by example; kube-scheduler's library gives the same for every line."""

from __future__ import annotations

import pytest

from tests.unit.cel.sample import asked, value

CONDITIONS = {
    "operators": """
1 + 2 * 3 == 7 && 7 / -2 == -3 && -7 % 3 == -1
1 < 1.5 && 1u <= 1 && dyn(1) == 1.0
'a' + 'b' == 'ab' && [1] + [2] == [1, 2] && b'a' < b'b'
2 in [1, 2] && 'k' in {'k': 1} && !(3 in [1, 2])
(1 == 1 ? 'yes' : 'no') == 'yes'
{'a': 1}.a == 1 && [10, 20][1] == 20
type(1) == int && type('') == string && type(null) == null_type
""",
    "conversions": """
int('-5') == -5 && int(3.9) == 3 && int(duration('1s')) == 1000000000
string(1.0) == '1' && string(1234567.0) == '1.234567e+06' && string(true) == 'true'
double('0x1p-2') == 0.25 && bool('T') && uint('7') == 7u && string(b'abc') == 'abc'
""",
    "text": """
'tacocat'.charAt(3) == 'o' && 'tacocat'.indexOf('c') == 2 && 'tacocat'.lastIndexOf('a') == 5
'Abc'.lowerAscii() == 'abc' && 'Abc'.upperAscii() == 'ABC' && ' a '.trim() == 'a'
'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && ['a', 'b'].join('-') == 'a-b'
'hello'.replace('l', 'L') == 'heLLo' && 'hello'.replace('l', 'L', 1) == 'heLlo' && 'hello'.substring(1, 3) == 'el'
'é'.size() == 1 && strings.quote('a') == '"a"'
'abc123'.matches('^[a-z]+[0-9]+$') && 'abc123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[a-z]') == ['a', 'b']
'%s is %d of %.2f: %s'.format(['x', 3, 1.5, [1, 'a']]) == 'x is 3 of 1.50: [1, "a"]'
'%b %o %x %X %e'.format([5, 8, 255, 'hi', 1.5]) == '101 10 ff 6869 1.500000×10⁰⁰'
""",
    "lists": """
[1, 2, 3].sum() == 6 && [1, 3, 2].max() == 3 && [1, 3, 2].min() == 1 && [1, 2].isSorted() && [].sum() == 0
[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2
[3, 1, 2].sort() == [1, 2, 3] && ['aa', 'b'].sortBy(x, x.size()) == ['b', 'aa']
[1, 2, 3].slice(1, 3) == [2, 3] && [[1], [2]].flatten() == [1, 2] && [1, 1, 2].distinct() == [1, 2]
[1, 2].reverse() == [2, 1] && lists.range(3) == [0, 1, 2] && [1, 2].first().value() == 1 && ![].last().hasValue()
sets.contains([1, 2, 3], [2]) && sets.intersects([1], [1, 2]) && sets.equivalent([1, 2], [2, 1, 1])
[1, 2].includes(2) && !device.driver.includes('gpu')
""",
    "loops": """
[1, 2].all(x, x > 0) && [1, 2].exists(x, x == 2) && [1, 2].exists_one(x, x == 2)
[1, 2].map(x, x * 2) == [2, 4] && [1, 2].filter(x, x > 1) == [2] && [1, 2].map(x, x > 1, x * 10) == [20]
{'a': 1}.all(key, value, key == 'a' && value == 1) && [5].existsOne(index, item, index == 0 && item == 5)
{'a': 1}.transformMap(key, value, value + 1) == {'a': 2} && [1, 2].transformList(i, v, i + v) == [1, 3]
['a'].transformMapEntry(i, v, {v: i}) == {'a': 0}
cel.bind(x, 2, x * x) == 4
[1, 0].exists(x, 1 / x == 1)
""",
    "optionals": """
optional.of(1).hasValue() && !optional.none().hasValue() && !optional.ofNonZeroValue(0).hasValue()
{'a': 1}.?a.value() == 1 && {'a': 1}.?b.orValue(7) == 7 && [1][?3].or(optional.of(2)).value() == 2
optional.of(2).optMap(x, x * 2).value() == 4 && optional.of(2).optFlatMap(x, optional.none()).orValue(0) == 0
[1, ?optional.none()] == [1] && {?'a': optional.of(1)} == {'a': 1}
[optional.of(1), optional.none()].unwrapOpt() == [1]
""",
    "quantities": """
quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('1k').compareTo(quantity('1000')) == 0
quantity('1Gi') == quantity('1024Mi') && isQuantity('5m') && !isQuantity('5 m')
quantity('1').add(quantity('1')).asInteger() == 2 && quantity('5').sub(3).isLessThan(quantity('3'))
sign(quantity('-1')) == -1
quantity('5').isInteger() && !quantity('500m').isInteger() && quantity('500m').asApproximateFloat() == 0.5
""",
    "versions": """
semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-rc.1').compareTo(semver('1.0.0')) == -1
semver('v1.2', true) == semver('1.2.0') && isSemver('1.2.3') && !isSemver('1.2')
semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3
semver('1.2.3+a') == semver('1.2.3+b')
""",
    "network": """
ip('10.1.2.3').family() == 4 && ip('::1').isLoopback() && isIP('::1') && !isIP('300.0.0.1') && ip.isCanonical('::1')
cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')
!isCIDR('10.0.0.0/33')
cidr('10.1.0.0/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').prefixLength() == 8
string(ip('1.2.3.4')) == '1.2.3.4'
url('https://u@example.com:80/a%20b?x=1&x=2').getHost() == 'example.com:80'
url('https://[::1]:80/').getHostname() == '::1'
url('https://example.com:80/a%20b?x=1&x=2').getQuery() == {'x': ['1', '2']} && isURL('/a') && !isURL('../a')
""",
    "formats": """
!format.dns1123Label().validate('my-name').hasValue() && format.dns1123Label().validate('My').hasValue()
format.uuid().validate('x').value() == ['does not match the UUID format'] && !format.named('nope').hasValue()
!format.labelValue().validate('').hasValue() && !format.qualifiedName().validate('example.com/a').hasValue()
""",
    "times": """
duration('1h30m').getMinutes() == 90 && duration('90s') == duration('1m30s') && string(duration('90s')) == '90s'
timestamp('2026-03-01T00:00:00Z') - duration('24h') == timestamp('2026-02-28T00:00:00Z')
timestamp('2026-01-02T03:04:05Z').getDayOfMonth() == 1 && timestamp('2026-01-02T03:04:05Z').getHours('02:00') == 5
""",
}
FAILURES = {
    "1 / 0": "division by zero",
    "9223372036854775807 + 1": "integer overflow",
    "[1][3]": "index out of bounds: 3",
    "{'a': 1}.b": "no such key: b",
    "semver('1')": "No Major.Minor.Patch elements found",
    "quantity('x')": "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    "device.attributes['gpu.example.com'].model.isGreaterThan(semver('1.0.0'))": (
        "no such overload: isGreaterThan(string, kubernetes.Semver)"
    ),
    "device.attributes['gpu.example.com'].model > 3": "no such overload",
    "device.attributes['gpu.example.com'].index.exists(x, x)": "got 'types.Int', expected iterable type",
    "device.attributes['gpu.example.com'].driverVersion in ['1.2.3']": (
        "internal error: runtime error: hash of unhashable type cel.Semver"
    ),
    "optional.none().value()": "optional.none() dereference",
    "[].max()": "max called on empty list",
    "int(device.driver)": "type conversion error from 'string' to 'int'",
    "'a'.matches(device.driver + '(')": "error parsing regexp: missing closing ): `gpu.example.com(`",
    "dyn(duration('1h')).getFullYear()": "no such overload: getFullYear(google.protobuf.Duration)",
}


@pytest.mark.parametrize("expression", [line for block in CONDITIONS.values() for line in block.strip().split("\n")])
def test_holds(expression: str) -> None:
    assert asked(expression) is True


@pytest.mark.parametrize(("expression", "text"), FAILURES.items())
def test_fails_in_the_schedulers_words(expression: str, text: str) -> None:
    assert value(expression) == f"!{text}"
