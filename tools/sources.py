"""Reads the product's source for stable codes, so that a new one is found without being listed anywhere.

    class UnknownOrder(RefusedError):       an error's own code, with its docstring
        code = "unknown_order"
    raise Rejected("domain_taken", "…")     whatever is handed to a parameter named `code` or `attention`, of a
    tell_attention(writing, row, CODE)      function, a constructor or a dataclass

A code is a constant here or the name of one. What is told beside it (a parameter such as `message` or `meaning`) is its
meaning in that place; what is filled in at run time shows as …
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

TOLD_AS: Final = frozenset({"message", "meaning", "detail", "reason", "complaint"})
GIVEN_AS: Final = ("code", "attention")
QUARANTINED: Final = ("Reject", "reason")  # the one constructor whose code has another name
_CODE: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ROOT_ERROR: Final = "ProvisionerError"

Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """An error with a code; `lineage` are the names of its bases, nearest first."""

    name: str
    code: str
    meaning: str
    lineage: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A code that is handed to somebody: `to` names the function or class, `under` the parameter.

    `well`: it stands for a call that ended well.
    """

    module: str
    to: str
    under: str
    code: str
    meaning: str
    well: bool = False


@dataclass
class _Module:
    """One file: its name, all its nodes, its text constants and where its imported names come from."""

    name: str
    nodes: list[ast.AST]
    texts: dict[str, str] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


class Source:
    """All Python files under a folder, parsed."""

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.rglob("*.py"))
        self._modules = {each.name: each for each in (_read(file, folder) for file in files)}
        self._classes = {node.name: node for node in self._nodes(ast.ClassDef)}
        self._parameters = self._all_parameters()

    def errors(self) -> list[ErrorClass]:
        """Every error of ours that has a code of its own, by code."""
        found = [
            ErrorClass(name, code, " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split()), lineage)
            for name, node in self._classes.items()
            if (code := _own_code(node)) and _ROOT_ERROR in (lineage := (name, *self._lineage(node)))
        ]
        return sorted(found, key=lambda each: (each.code, each.name))

    def given(self) -> Iterator[Given]:
        """Every code that is handed to a parameter for codes."""
        for module in self._modules.values():
            for call in (node for node in module.nodes if isinstance(node, ast.Call)):
                yield from self._given_in(module, call)

    def _given_in(self, module: _Module, call: ast.Call) -> Iterator[Given]:
        name = _last_name(call.func)
        arguments = self._arguments(name, call)
        wanted = (*GIVEN_AS, QUARANTINED[1]) if name == QUARANTINED[0] else GIVEN_AS
        for under in wanted:
            code = self._text(module, arguments.get(under))
            if code is not None and _CODE.fullmatch(code):
                told = next((self._told(module, arguments[key]) for key in arguments if key in TOLD_AS - {under}), "")
                yield Given(module.name, name, under, code, told, well=_is_well(name, call))

    def _arguments(self, name: str, call: ast.Call) -> dict[str, ast.expr]:
        """The arguments by the names of their parameters, as far as one definition of the name knows them."""
        named = {each.arg: each.value for each in call.keywords if each.arg}
        fits = [parameters for parameters in self._parameters.get(name, []) if len(parameters) >= len(call.args)]
        best = next((each for each in fits if set(GIVEN_AS) & set(each)), fits[0] if fits else ())
        return dict(zip(best, call.args, strict=False)) | named

    def _text(self, module: _Module, value: ast.expr | None) -> str | None:
        match value:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name) | ast.Attribute(attr=name):
                origin, original = module.imports.get(name, (module.name, name))
                home = self._modules.get(origin)
                return module.texts.get(name) or (home.texts.get(original) if home else None)
            case _:
                return None

    def _told(self, module: _Module, value: ast.expr) -> str:
        """A text as a reader sees it; a name stands for the text last given to it before."""
        if isinstance(value, ast.Name):
            given = [
                node.value
                for node in module.nodes
                if isinstance(node, ast.Assign) and _is(node.targets[0], value.id) and node.lineno < value.lineno
            ]
            value = given[-1] if given else value
        return _shown(value)

    def _lineage(self, node: ast.ClassDef) -> tuple[str, ...]:
        bases = [name for base in node.bases if (name := _last_name(base))]
        further = (self._lineage(self._classes[name]) for name in bases if name in self._classes)
        return (*bases, *(name for names in further for name in names))

    def _all_parameters(self) -> Mapping[str, list[tuple[str, ...]]]:
        found: dict[str, list[tuple[str, ...]]] = {}
        for function in self._nodes(ast.FunctionDef):
            found.setdefault(function.name, []).append(_parameters(function))
        for name, node in self._classes.items():
            found.setdefault(name, []).insert(0, self._constructor(node))
        return found

    def _constructor(self, node: ast.ClassDef) -> tuple[str, ...]:
        """Of its own `__init__`, else its fields, else its base's."""
        inits = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        if inits:
            return _parameters(inits[0])
        if node.decorator_list:
            fields = (each.target for each in node.body if isinstance(each, ast.AnnAssign))
            return tuple(target.id for target in fields if isinstance(target, ast.Name))
        bases = (self._classes.get(_last_name(base)) for base in node.bases)
        return next((self._constructor(base) for base in bases if base is not None), ())

    def _nodes(self, kind: type[Node]) -> Iterator[Node]:
        for module in self._modules.values():
            yield from (node for node in module.nodes if isinstance(node, kind))


def _read(file: Path, folder: Path) -> _Module:
    tree = ast.parse(file.read_text())
    module = _Module(".".join(file.relative_to(folder).with_suffix("").parts), list(ast.walk(tree)))
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
                module.texts[name] = text
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                module.texts[name] = text
            case ast.ImportFrom(module=str(origin)):
                module.imports |= {each.asname or each.name: (origin, each.name) for each in node.names}
    return module


def _own_code(node: ast.ClassDef) -> str | None:
    for statement in node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=str(code))):
                return code
            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                return code
    return None


def _parameters(function: ast.FunctionDef) -> tuple[str, ...]:
    names = (each.arg for each in function.args.args)
    return tuple(name for name in names if name != "self")


def _last_name(value: ast.expr) -> str:
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_well(name: str, call: ast.Call) -> bool:
    return name == "_done" or any(_last_name(each) in ("Done", "Pending") for each in call.args)


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _shown(value: ast.expr) -> str:
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_shown(part) or "…" for part in parts)
        case ast.BinOp(left=left, right=right):
            return _shown(left) + _shown(right)
        case ast.BoolOp(values=values):
            return next(filter(None, map(_shown, values)), "")
        case _:
            return ""
