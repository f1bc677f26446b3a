"""10,000 random expressions, built from the keys of a random document, asked of our JMESPath and of Debian's
python3-jmespath, the specification's reference implementation. What differs must stand in ALLOWED, with what the
specification says there. SEED=N repeats a run, COUNT=N asks more.
"""

import json
import math
import os
import random
import re
import subprocess
from collections import Counter
from decimal import ROUND_HALF_UP, Context, Decimal

import jmespath
import pytest
from jmespath import exceptions, functions

COUNT = int(os.environ.get("COUNT", 10_000))
PER_DOCUMENT = 25
KEYS = ["a", "b", "id", "name", "tags", "Größe", "with space", "x-y", "_n"]
WORDS = ["", "a", "b", "ab", "Zürich", "2024-01-02", "10", "9", "1.5", "no", "😀", "it's", "a\\b", " 1"]
NUMBERS = [0, 1, 2, -1, 10, 9, 1.5, 0.1, 0.2, -2.5, 1000000, 1e3]


# ---- documents and expressions

class Generator:
    """Expressions that mostly find something: each knows the value it is built for, asked of the oracle."""

    def __init__(self, rng):
        self.rng = rng

    def document(self, depth=0):
        pick = self.rng.random()
        if depth == 0 or (depth < 4 and pick < 0.35):
            keys = self.rng.sample(KEYS, self.rng.randint(2 if depth == 0 else 0, 5))
            return {key: self.document(depth + 1) for key in keys}
        if depth < 4 and pick < 0.65:
            kind = self.rng.random()
            size = self.rng.randint(0, 4)
            if kind < 0.25:
                return [self.rng.choice(NUMBERS) for _ in range(size)]
            if kind < 0.5:
                return [self.rng.choice(WORDS) for _ in range(size)]
            if kind < 0.8:  # records
                keys = self.rng.sample(KEYS, 3)
                return [{key: self.scalar() if self.rng.random() < 0.7 else self.document(depth + 2) for key in keys}
                        for _ in range(size)]
            return [self.document(depth + 1) for _ in range(size)]
        return self.scalar()

    def scalar(self):
        return self.rng.choice([self.rng.choice(WORDS), self.rng.choice(NUMBERS), True, False, None,
                                self.rng.choice(WORDS), self.rng.choice(NUMBERS)])

    def key(self, key):
        plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key)
        return key if plain and self.rng.random() < 0.9 else json.dumps(key, ensure_ascii=self.rng.random() < 0.5)

    def literal(self, value):
        if isinstance(value, str) and self.rng.random() < 0.7:
            return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return "`" + (encode(value) if self.rng.random() < 0.5 else json.dumps(value)).replace("`", "\\`") + "`"

    def expression(self, value, depth=0):
        """An expression for `value` as the current node."""
        choice = self.rng.random()
        if depth > 4 or choice < 0.1:
            return self.step(value) or self.rng.choice(["@", self.literal(self.scalar())])
        if choice < 0.45:
            first = self.step(value)
            return first + self.tail(value, first, depth) if first else self.call(value, depth)
        make = self.rng.choice([self.call, self.call, self.multi, self.condition, self.condition, self.piped])
        return make(value, depth)

    def step(self, value):
        """One step into the value, or None."""
        if isinstance(value, dict) and value:
            if self.rng.random() < 0.1:
                return "*"
            return self.key(self.rng.choice(list(value)) if self.rng.random() < 0.95 else self.rng.choice(KEYS))
        if isinstance(value, list):
            return "[" + self.rng.choice(["*", "*", "0", "-1", str(self.rng.randint(-5, 5)), self.slice(), ""]) + "]"
        return None

    def slice(self):
        part = lambda: self.rng.choice(["", "", str(self.rng.randint(-6, 6))])
        step = self.rng.choice(["", ":", ":1", ":2", ":-1", ":-2", ":3"])
        return part() + ":" + part() + step

    def tail(self, value, text, depth):
        """More steps behind `text`, as the value there suggests; in a projection, as its first item does."""
        result, projecting = "", False
        for _ in range(self.rng.randint(0, 3)):
            now = peek(text + result, value)
            item = now[0] if isinstance(now, list) and now and projecting else now
            projecting_now = isinstance(now, list)
            target = item if projecting else now
            if isinstance(target, list) and self.rng.random() < 0.35:
                element = target[0] if target else {}
                result += f"[?{self.condition(element, depth + 2)}]"
            elif isinstance(item, dict) and self.rng.random() < 0.15:
                result += "." + self.multi(item, depth + 2)
            elif isinstance(item, dict) and self.rng.random() < 0.2:
                result += ".*"
            else:
                step = self.step(item)
                if step is None:
                    if item is not None and self.rng.random() < 0.5 and not (result or text).endswith("."):
                        result += "." + self.simple_call(item)
                    break
                result += step if step.startswith("[") else "." + step
            projecting = projecting or (projecting_now and not re.search(r"\[-?\d+\]$", result))
        return result

    def multi(self, value, depth):
        parts = [self.expression(value, depth + 2) for _ in range(self.rng.randint(1, 3))]
        if self.rng.random() < 0.5:
            if parts[0] == "*":
                parts[0] = "@"
            return "[" + ", ".join(parts) + "]"
        return "{" + ", ".join(f"{self.key(key)}: {part}" for key, part in zip(self.rng.sample(KEYS, 3), parts)) + "}"

    def condition(self, value, depth):
        left = self.expression(value, depth + 2)
        found = peek(left, value)
        pick = self.rng.random()
        if pick < 0.15:
            return left
        if pick < 0.25:
            return "!" + (left if re.fullmatch(r"[\w.]+", left) else f"({left})")
        if pick < 0.45:
            right = self.expression(value, depth + 2)
            return f"{self.group(left)} {self.rng.choice(['&&', '||'])} {self.group(right)}"
        comparator = self.rng.choice(["==", "!=", "<", "<=", ">", ">="])
        other = found if self.rng.random() < 0.4 else self.scalar()
        return f"{self.group(left)} {comparator} {self.literal(other)}"

    def group(self, text):
        return f"({text})" if re.search(r"\|", text) else text

    def piped(self, value, depth):
        left = self.expression(value, depth + 1)
        return f"{left} | {self.expression(peek(left, value), depth + 2)}"

    def simple_call(self, value):
        return self.rng.choice(["type(@)", "to_string(@)", "to_array(@)", "not_null(@)", "to_number(@)"] +
                               (["length(@)", "reverse(@)"] if isinstance(value, (str, list)) else []) +
                               (["keys(@)", "values(@)", "length(@)"] if isinstance(value, dict) else []))

    def call(self, value, depth):
        argument = "@" if not isinstance(value, (dict, list)) else self.expression(value, depth + 1)
        found = peek(argument, value)
        calls = [f"type({argument})", f"to_array({argument})", f"to_string({argument})", f"to_number({argument})",
                 f"not_null({argument}, {self.literal(self.scalar())})"]
        if isinstance(found, str):
            part = found[:1] if self.rng.random() < 0.5 else self.rng.choice(WORDS)
            calls = [f"length({argument})", f"reverse({argument})", f"to_number({argument})",
                     f"contains({argument}, {self.literal(part)})", f"starts_with({argument}, {self.literal(part)})",
                     f"ends_with({argument}, {self.literal(part)})"]
        elif isinstance(found, (int, float)) and not isinstance(found, bool):
            calls = [f"abs({argument})", f"ceil({argument})", f"floor({argument})", f"to_string({argument})"]
        elif isinstance(found, dict):
            calls = [f"keys({argument})", f"values({argument})", f"length({argument})",
                     f"merge({argument}, `{{\"a\": 1}}`)", f"sort(keys({argument}))"]
        elif isinstance(found, list):
            element = found[0] if found else {}
            inner = self.expression(element, depth + 2)
            calls = [f"length({argument})", f"reverse({argument})", f"map(&{inner}, {argument})",
                     f"contains({argument}, {self.literal(element)})", f"sort_by({argument}, &{inner})",
                     f"max_by({argument}, &{inner})", f"min_by({argument}, &{inner})"]
            if found and all(isinstance(item, str) for item in found):
                calls += [f"join(', ', {argument})", f"sort({argument})", f"max({argument})", f"min({argument})"] * 2
            if found and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in found):
                calls += [f"{name}({argument})" for name in ("sum", "avg", "sort", "max", "min")] * 2
        if self.rng.random() < 0.05:  # a type that may be wrong, a function that is none
            calls = [f"{name}({argument})" for name in ("abs", "sum", "keys", "length", "sort", "max", "nothing")]
        return self.rng.choice(calls)


def peek(expression, value):
    return ask_bent(expression, value, set(ALLOWED))[1]


# ---- the two answers

def ask_oracle(expression, document):
    """("result", value) or ("refused", why): at parsing or at evaluation is each implementation's choice."""
    try:
        return "result", jmespath.search(expression, document)
    except (exceptions.JMESPathError, ValueError, TypeError, OverflowError) as error:
        return "refused", f"{type(error).__name__}: {error}"


def read_ours(line):
    answer = json.loads(line)
    assert "broken" not in answer, answer
    if "result" in answer:
        return "result", answer["result"]
    return "refused", answer.get("fault") or answer["error"]


def same(ours, theirs):
    """Equal as JSON; numbers within what a double can tell apart."""
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return math.isclose(ours, theirs, rel_tol=1e-14, abs_tol=1e-15)
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict):
        return list(ours) == list(theirs) and all(same(ours[key], theirs[key]) for key in ours)
    return ours == theirs


# ---- what may differ: changes of the oracle with which it agrees with us, and why

ALLOWED = {
    "dot-star": "Once there is a projection, all expressions that follow are projected onto its list: a.*.b.c, too, where "
                "the oracle ends the projection behind .b.",
    "multi-select": "The same sentence: a[*].{x: b}.x and a[*].[b, c][0], where the oracle ends it behind } and ].",
    "index-slice": "The result of a slice is projected (accepted proposal \"slice projections\"): behind an index, too, "
                   "a[0][1:].b, where the oracle does not.",
    "filter": "A filter makes a projection like the others: in a[?x].b[?y] the second filter is projected as in "
              "a[*].b[?y]; the oracle applies it to the whole list.",
    "not": "A not-expression makes a truth-like value false and a false-like one true, so !a.b is never null; the oracle "
           "reads (!a).b.",
    "raw-string": "raw-string-escape is a backslash before a quote or a backslash: '\\\\' holds one backslash; the "
                  "oracle keeps both.",
    "order": "An ordering operator gives null for values that have no order, and a number and a string have none; the "
             "oracle fails.",
    "equality": "true and false equal only their own literal values, at every depth and in contains(); the oracle "
                "compares as Python does, where [1] == [true].",
    "contains": "contains() of a string with something that is no string is false (contains(`foobar`, 123)); the oracle "
                "fails.",
    "to_number": "to_number() takes what the json-number production allows; the oracle also takes what Python does "
                 "(\" 1\", \"1_0\", \"nan\").",
    "to_string": "to_string() gives the JSON encoding; both \"\\u00fc\" and \"ü\" are one, ours is the shorter.",
    "decimal": "The support of floating point numbers is up to the implementation: ours adds decimals exactly, and rounds "
               "an average to 20 digits.",
    "unknown": "When an unknown function is reported is up to the implementation: we do so before it is reached.",
}


class BentLexer(jmespath.lexer.Lexer):
    def __init__(self, rules):
        self.rules = rules

    def _consume_raw_string_literal(self):
        token = super()._consume_raw_string_literal()
        if "raw-string" in self.rules:
            token["value"] = token["value"].replace("\\\\", "\\")
        return token


class BentParser(jmespath.parser.Parser):
    def __init__(self, rules):
        super().__init__()
        self.rules = rules

    def _parse(self, expression):
        self.tokenizer = BentLexer(self.rules).tokenize(expression)
        self._tokens = list(self.tokenizer)
        self._index = 0
        parsed = self._expression(binding_power=0)
        if self._current_token() != "eof":
            self._error_nud_token(self._lookahead_token(0))
        return parsed

    def _token_led_dot(self, left):
        if self._current_token() == "star" and "dot-star" in self.rules:
            self._advance()
            return jmespath.ast.value_projection(left, self._parse_projection_rhs(self.BINDING_POWER["star"]))
        return super()._token_led_dot(left)

    def _parse_projection_rhs(self, binding_power):
        right = super()._parse_projection_rhs(binding_power)
        while "multi-select" in self.rules and binding_power < self.BINDING_POWER[self._current_token()]:
            led = getattr(self, "_token_led_" + self._current_token(), None) or self._error_led_token
            self._advance()
            right = led(right)
        return right

    def _token_led_lbracket(self, left):
        if left["type"] == "index_expression" and "index-slice" in self.rules:
            left = jmespath.ast.subexpression([left])  # the same, unknown to the shortcut that is wrong
        return super()._token_led_lbracket(left)

    def _token_led_filter(self, left):
        condition = self._expression(0)
        self._match("rbracket")
        power = self.BINDING_POWER["star" if "filter" in self.rules else "filter"]
        return jmespath.ast.filter_projection(left, self._parse_projection_rhs(power), condition) \
            if self._current_token() != "flatten" else \
            jmespath.ast.filter_projection(left, jmespath.ast.identity(), condition)

    def _token_nud_not(self, token):
        power = self.BINDING_POWER["eq" if "not" in self.rules else "not"]
        return jmespath.ast.not_expression(self._expression(power))


class BentFunctions(functions.Functions):
    def __init__(self, rules):
        self.rules = rules

    def call_function(self, function_name, resolved_args):
        own = getattr(self, "bent_" + function_name, None)
        if own is None or function_name not in self.FUNCTION_TABLE:
            return super().call_function(function_name, resolved_args)
        self._validate_arguments(resolved_args, self.FUNCTION_TABLE[function_name]["signature"], function_name)
        return own(*resolved_args)

    def bent_contains(self, subject, search):
        if isinstance(subject, str):
            if not isinstance(search, str) and "contains" in self.rules:
                return False
            return search in subject
        if "equality" in self.rules:
            return any(strictly_equal(item, search) for item in subject)
        return search in subject

    def bent_to_number(self, value):
        if isinstance(value, str) and "to_number" in self.rules \
                and not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", value, re.ASCII):
            return None
        return self._func_to_number(value)

    def bent_to_string(self, value):
        if isinstance(value, str) or "to_string" not in self.rules:
            return self._func_to_string(value)
        return encode(value)

    def bent_sum(self, items):
        return plain(sum(map(exact, items), Decimal(0))) if "decimal" in self.rules else sum(items)

    def bent_avg(self, items):
        if not items or "decimal" not in self.rules:
            return self._func_avg(items)
        return plain(Context(prec=20, rounding=ROUND_HALF_UP).divide(sum(map(exact, items)), Decimal(len(items))))


class BentInterpreter(jmespath.visitor.TreeInterpreter):
    def __init__(self, rules):
        super().__init__(jmespath.Options(custom_functions=BentFunctions(rules)))
        self.rules = rules

    def visit_comparator(self, node, value):
        left, right = (self.visit(child, value) for child in node["children"])
        if node["value"] in ("eq", "ne") and "equality" in self.rules:
            return strictly_equal(left, right) == (node["value"] == "eq")
        if node["value"] not in ("eq", "ne") and isinstance(left, str) != isinstance(right, str) \
                and "order" in self.rules:
            return None
        return super().visit_comparator(node, value)


class Exact(float):
    """A sum or an average: a float to the oracle, with the decimal that it stands for."""

    def __new__(cls, decimal):
        new = super().__new__(cls, decimal)
        new.decimal = decimal
        return new

    def __eq__(self, other):
        return isinstance(other, (int, float)) and self.decimal == exact(other)

    def __hash__(self):
        return hash(self.decimal)

    def __lt__(self, other):
        return self.decimal < exact(other)

    def __le__(self, other):
        return self.decimal <= exact(other)

    def __gt__(self, other):
        return self.decimal > exact(other)

    def __ge__(self, other):
        return self.decimal >= exact(other)

    def __abs__(self):
        return Exact(abs(self.decimal))


Exact.__name__ = "float"  # the oracle tells types by their names


def exact(number):
    return number.decimal if isinstance(number, Exact) else Decimal(repr(number))


def plain(decimal):
    """A whole number without a fraction is an int, as in the document."""
    return int(decimal) if decimal.as_tuple().exponent >= 0 else Exact(decimal)


def encode(value):
    """JSON, with what an Exact stands for."""
    if isinstance(value, list):
        return "[" + ",".join(map(encode, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(encode(key) + ":" + encode(item) for key, item in value.items()) + "}"
    return format(value.decimal, "f") if isinstance(value, Exact) else json.dumps(value, ensure_ascii=False)


def strictly_equal(left, right):
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(strictly_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(strictly_equal(left[key], right[key]) for key in left)
    return left == right


def calls_unknown(node):
    return node["type"] == "function_expression" and node["value"] not in functions.Functions.FUNCTION_TABLE \
        or any(calls_unknown(child) for child in node["children"] if isinstance(child, dict))


def ask_bent(expression, document, rules):
    try:
        tree = BentParser(rules)._parse(expression)
        if "unknown" in rules and calls_unknown(tree):
            return "refused", "unknown function"
        return "result", BentInterpreter(rules).visit(tree, document)
    except Exception as error:
        return "refused", None


def agree(ours, theirs):
    return ours[0] == theirs[0] and (ours[0] == "refused" or same(ours[1], theirs[1]))


def explanation(expression, document, ours):
    """The rules that make the oracle agree, without those that change nothing; None: there are none."""
    rules = set(ALLOWED)
    if not agree(ours, ask_bent(expression, document, rules)):
        return None
    for rule in ALLOWED:
        if agree(ours, ask_bent(expression, document, rules - {rule})):
            rules.remove(rule)
    return rules


# ---- the tests

def ask_ours(questions):
    program = os.path.join(os.environ.get("BIN_DIR", "build/dev/bin"), "jmespath_eval")
    lines = "".join(json.dumps({"expression": expression, "document": document}) + "\n"
                    for expression, document in questions)
    done = subprocess.run([program], input=lines, capture_output=True, encoding="utf-8", timeout=300, check=True)
    answers = [read_ours(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


def test_random_expressions():
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print(f"SEED={seed}")
    generator = Generator(random.Random(seed))
    questions = []
    while len(questions) < COUNT:
        document = generator.document()
        questions += [(generator.expression(document), document) for _ in range(PER_DOCUMENT)]
    answers = ask_ours(questions)
    found, explained, differences = 0, Counter(), []
    for (expression, document), ours in zip(questions, answers):
        theirs = ask_oracle(expression, document)
        found += theirs[0] == "result" and theirs[1] is not None
        if agree(ours, theirs):
            continue
        rules = explanation(expression, document, ours)
        if rules is None:
            differences.append(f"{expression}\n  on {json.dumps(document, ensure_ascii=False)}\n"
                               f"  ours: {ours}\n  theirs: {theirs}")
        else:
            explained.update(rules)
    print(f"{len(questions)} expressions, {found} with a result on the oracle; explained: {dict(explained)}")
    assert found >= len(questions) / 2, "the generator finds too little"
    assert not differences, f"{len(differences)} differences (SEED={seed}); the first:\n" + "\n".join(differences[:5])


@pytest.mark.parametrize("rule, expression, document, ours", [
    ("dot-star", "a.*.b.c", {"a": {"x": {"b": {"c": 1}}}}, [1]),
    ("multi-select", "a[*].{x: b}.x", {"a": [{"b": 1}]}, [1]),
    ("index-slice", "a[0][1:].b", {"a": [[{"b": 1}, {"b": 2}]]}, [2]),
    ("filter", "a[?b].b[?@ > `1`]", {"a": [{"b": [1, 2]}]}, [[2]]),
    ("not", "!a.b", {"a": {"b": False}}, True),
    ("raw-string", r"'\\'", {}, "\\"),
    ("order", "a < 'b'", {"a": 1}, None),
    ("equality", "a == `[true]`", {"a": [1]}, False),
    ("contains", "contains('foobar', `123`)", {}, False),
    ("to_number", "to_number(' 1')", {}, None),
    ("to_string", "to_string(@)", ["ü"], '["ü"]'),
    ("decimal", "to_string(sum(@))", [0.1, 0.2], "0.3"),
    ("unknown", "a[*].nothing(@)", {}, None),
])
def test_each_allowed_difference_is_one(rule, expression, document, ours):
    (answer,) = ask_ours([(expression, document)])
    assert answer[0] == ("refused" if rule == "unknown" else "result")
    assert rule == "unknown" or same(answer[1], ours)
    assert not agree(answer, ask_oracle(expression, document))
    assert explanation(expression, document, answer) == {rule}


def test_all_rules_are_tried():
    tried = test_each_allowed_difference_is_one.pytestmark[0].args[1]
    assert [case[0] for case in tried] == list(ALLOWED)


def test_a_difference_is_seen():
    """The comparison itself: order, types and nesting count."""
    assert agree(("result", {"a": [1, 2.0]}), ("result", {"a": [1.0, 2]}))
    for other in ({"a": [2, 1]}, {"a": [1, "2"]}, {"a": [True, 2]}, {"b": [1, 2]}, {"a": [1, 2, None]}, None):
        assert not agree(("result", {"a": [1, 2]}), ("result", other))
    assert not agree(("result", None), ("refused", "why"))
    assert explanation("a", {"a": 1}, ("result", 2)) is None
