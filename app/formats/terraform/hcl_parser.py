"""The only door to the HCL parser and its trees: `hcl` says what comes out. Asked by `hcl.parse` alone."""

from __future__ import annotations

from functools import cache
from typing import Any

import hcl2.api
from lark import Token, Tree
from lark.exceptions import LarkError

from app.formats.terraform.hcl import LONGEST_TEXT, UNSEEN, Block, Body, Expression, HclError


def body(text: str, first_line: int) -> Body:
    """The blocks and attributes of a text. Raises HclError with one sentence, whatever is wrong with it."""
    try:
        (tree,) = hcl2.api.parses_to_tree(text).children
        return _body(tree, first_line - 1)
    except (LarkError, RecursionError, ValueError, LookupError, AttributeError, StopIteration) as error:
        raise HclError(f"is no HCL that can be read: {type(error).__name__}") from None


def _body(tree: Any, offset: int) -> Body:
    made = Body()
    for child in tree.children:
        if not isinstance(child, Tree) or child.data not in ("attribute", "block"):
            continue
        line = child.meta.line + offset
        name = _word(child.children[0])
        if child.data == "attribute":
            made.attributes[name] = (line, _expression(child.children[-1]))
            continue
        labels = tuple(_label(one) for one in child.children[1:] if isinstance(one, Tree) and one.data != "body")
        inner = next(one for one in child.children if isinstance(one, Tree) and one.data == "body")
        made.blocks.append(Block(name, tuple(label for label in labels if label), line, _body(inner, offset)))
    return made


def _word(tree: Any) -> str:
    return str(tree.children[0]) if isinstance(tree, Tree) and tree.children else str(tree)


def _label(tree: Tree[Token]) -> str:
    if tree.data == "string":
        text = _expression(tree)
        return text if isinstance(text, str) else ""
    return _word(tree) if tree.data in ("identifier", "keyword") else ""


def _expression(tree: Any) -> Expression:
    if not isinstance(tree, Tree):
        return UNSEEN
    if tree.data in _LEAVES:
        return _leaf(tree)
    if tree.data == "unary_op":
        return {"op": str(tree.children[0]), "of": [_expression(tree.children[-1])]}
    reader = _readers().get(tree.data)
    return reader(_inner(tree)) if reader else UNSEEN


def _inner(tree: Tree[Token]) -> list[Any]:
    """Children without line ends, comments and punctuation."""
    return [one for one in tree.children if isinstance(one, Tree) and one.data != "new_line_or_comment"]


@cache
def _readers() -> dict[str, Any]:
    return {
        "expr_term": lambda parts: _expression(parts[0]) if len(parts) == 1 else UNSEEN,
        "conditional": lambda parts: {"if": [_expression(part) for part in parts]},
        "binary_op": _binary,
        "string": _string,
        "tuple": lambda parts: {"list": [_expression(part) for part in parts]},
        "object": lambda parts: {"map": [_pair(part) for part in parts if part.data == "object_elem"]},
        "function_call": _call,
        "get_attr_expr_term": _attribute,
        "index_expr_term": lambda parts: {"at": [_expression(parts[0]), _index(parts[1])]},
    }


_LEAVES = ("literal_value", "int_lit", "float_lit", "identifier", "keyword")


def _leaf(tree: Tree[Token]) -> Expression:
    """Terminals that hold a value of their own."""
    word = "".join(str(token) for token in tree.children)
    if tree.data == "literal_value":
        return {"true": True, "false": False}.get(word)
    if tree.data == "int_lit":
        return int(word) if len(word) < 19 else UNSEEN
    if tree.data == "float_lit":
        return float(word)
    return {"ref": [word]} if tree.data in ("identifier", "keyword") else UNSEEN


def _binary(parts: list[Any]) -> Expression:
    if len(parts) != 2 or parts[1].data != "binary_term":
        return UNSEEN
    operator, right = _inner(parts[1])[0], _inner(parts[1])[-1]
    return {"op": _word(operator), "of": [_expression(parts[0]), _expression(right)]}


def _string(parts: list[Any]) -> Expression:
    made: list[Expression] = []
    for part in parts:
        inner = part.children[0] if part.children else None
        if isinstance(inner, Token):
            made.append(_unescaped(str(inner)))
        elif isinstance(inner, Tree) and inner.data == "interpolation":
            made.append(_expression(_inner(inner)[0]))
        else:
            return UNSEEN
    if all(isinstance(one, str) for one in made):
        text = "".join(made)
        return text if len(text) <= LONGEST_TEXT else UNSEEN
    return {"text": made}


def _unescaped(text: str) -> str:
    for written, meant in (("$${", "${"), ("%%{", "%{"), ("\\n", "\n"), ("\\t", "\t"), ('\\"', '"'), ("\\\\", "\\")):
        text = text.replace(written, meant)
    return text


def _pair(tree: Tree[Token]) -> list[Expression]:
    key, value = _inner(tree)[0], _inner(tree)[-1]
    name = _expression(_inner(key)[0]) if _inner(key) else UNSEEN
    if isinstance(name, dict) and len(name.get("ref", ())) == 1:
        name = name["ref"][0]  # a bare word as a key is text
    return [name, _expression(value)]


def _call(parts: list[Any]) -> Expression:
    arguments = next((part for part in parts if part.data == "arguments"), None)
    return {"call": _word(parts[0]), "of": [_expression(one) for one in _inner(arguments)] if arguments else []}


def _attribute(parts: list[Any]) -> Expression:
    base, name = _expression(parts[0]), _word(_inner(parts[1])[0])
    if isinstance(base, dict) and "ref" in base:
        return {"ref": [*base["ref"], name]}
    return {"at": [base, name]}


def _index(tree: Tree[Token]) -> Expression:
    inner = _inner(tree)
    return _expression(inner[0]) if inner else UNSEEN
