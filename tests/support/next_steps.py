"""Every next step that the source can print, as text with {} for what is filled in.

`written()` finds them in the syntax tree: the argument `next_step`, the second argument of
`MessageTemplate`, the fourth of `DoctorCheck`, that of an MFA prompt, and the variables and
functions they come from. Hints with a command are next steps too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import xswitch

ROOT = Path(xswitch.__file__).parent
_LEFT_OUT = ("emulator",)
_POSITIONS = {"MessageTemplate": 1, "DoctorCheck": 3, "mfa_prompt": 1, "no_mfa_prompt": 0}
_SAID = {"hint", "say"}
_has_command = re.compile(r"(?:^|: |by |`)(?:xs|xswitch|export|eval)\b|\{command_for\(").search


def written() -> dict[str, str]:
    """Return the place (`FILE:LINE`) of every next step, by its text."""
    found: dict[str, str] = {}
    for file in sorted(ROOT.rglob("*.py")):
        if not set(_LEFT_OUT) & set(file.relative_to(ROOT).parts):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node, text in _steps(tree):
                found.setdefault(text, f"{file.relative_to(ROOT)}:{node.lineno}")
    return found


def pattern(text: str) -> re.Pattern[str]:
    """Return what a printed next step of this text matches."""
    return re.compile(".+?".join(map(re.escape, text.split("{}"))), re.DOTALL)


def unknown(text: str, known: Iterable[str]) -> list[str]:
    """Return the next steps in the output of a command that none of the known texts matches."""
    patterns = [pattern(one) for one in known if one.strip("{} ")]
    return [
        step
        for step in re.findall(r"^  next: (.*)$", text, re.MULTILINE)
        if not any(known.fullmatch(step) for known in patterns)
    ]


def _steps(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.Module):
            continue
        for node in _within(scope):
            if isinstance(node, ast.Call):
                for value in _arguments(node):
                    yield from _texts(value, scope, constants, functions, 0)


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope without those of the functions inside it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from _within(child)


def _arguments(call: ast.Call) -> Iterator[ast.expr]:
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "next_step")
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in _SAID and call.args and _has_command(ast.unparse(call.args[0]).replace("f'", "")):
        yield call.args[0]
    position = _POSITIONS.get(name)
    if position is not None and len(call.args) > position:
        yield call.args[position]


def _texts(  # noqa: C901, PLR0912 -- one branch for each kind of expression
    value: ast.expr,
    scope: ast.AST,
    constants: dict[str, ast.expr],
    functions: dict[str, ast.FunctionDef],
    depth: int,
) -> Iterator[tuple[ast.expr, str]]:
    """Yield the texts that an expression can have; none for what comes from another place."""
    if depth > 4:
        return
    match value:
        case ast.Constant(value=str(text)) if text:
            yield value, re.sub(r"\{[a-z]+\}", "{}", text)
        case ast.JoinedStr():
            yield value, _joined(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            sides = [
                [text for _, text in _texts(side, scope, constants, functions, depth + 1)]
                + ([""] if "''" in ast.unparse(side) else [])
                for side in (left, right)
            ]
            for one in sides[0] or ["{}"]:
                yield from ((value, one + other) for other in sides[1] or ["{}"])
        case ast.IfExp(body=body, orelse=other):
            for branch in (body, other):
                yield from _texts(branch, scope, constants, functions, depth + 1)
        case ast.BoolOp(values=values):
            for branch in values:
                yield from _texts(branch, scope, constants, functions, depth + 1)
        case ast.Name(id=name):
            yield from _assigned(name, scope, constants, functions, depth)
        case ast.Call(func=ast.Name(id="command_for" | "option_text")):
            yield value, _part(value)
        case ast.Call(func=ast.Attribute(attr="next_command"), args=[_, *options]):
            given = "".join(f" {_part(option)}" for option in options)
            yield value, f"xswitch switch {{}}{given}"
            yield value, f"xswitch exec {{}}{given} -- {{}}"
            yield value, f"xswitch exec --env {{}}{given} -- {{}}"
            yield value, f"xswitch exec --serve {{}}{given} -- {{}}"
        case ast.Call(func=ast.Name(id=name)) if name in functions:
            function = functions[name]
            for node in _within(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield from _texts(node.value, function, constants, functions, depth + 1)
        case ast.Attribute(attr=name) if name in functions:
            function = functions[name]
            for node in _within(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    yield from _texts(node.value, function, constants, functions, depth + 1)
        case _:
            return


def _assigned(
    name: str,
    scope: ast.AST,
    constants: dict[str, ast.expr],
    functions: dict[str, ast.FunctionDef],
    depth: int,
) -> Iterator[tuple[ast.expr, str]]:
    assigned = False
    for node in _within(scope):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == name:
                assigned = True
                yield from _texts(node.value, scope, constants, functions, depth + 1)
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for part, inner in zip(target.elts, node.value.elts, strict=False):
                    if isinstance(part, ast.Name) and part.id == name:
                        assigned = True
                        yield from _texts(inner, scope, constants, functions, depth + 1)
    if not assigned and name in constants:
        yield from _texts(constants[name], scope, constants, functions, depth + 1)


def _joined(value: ast.JoinedStr) -> str:
    return "".join(_part(part) for part in value.values)


def _part(part: ast.expr) -> str:
    """Write a part of an f-string, or a call that writes a command or an option, as a text."""
    match part:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return _joined(part)
        case ast.FormattedValue(value=ast.Call() as call):
            return _part(call)
        case ast.Call(func=ast.Name(id="option_text"), args=[name, *_]):
            return f"{_part(name)} {{}}"
        case ast.Call(func=ast.Name(id="command_for"), args=[command, _, *options]):
            return " ".join((_part(command), "{}", *map(_part, options)))
        case _:
            return "{}"
