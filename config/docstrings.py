"""Attribute docstrings: Python drops them, so they are read from the source."""

from __future__ import annotations

import ast
import functools
import inspect
import sys

import msgspec


@functools.cache
def attribute_docs(cls: type[msgspec.Struct]) -> dict[str, str]:
    """What stands under each attribute of `cls` and of its bases, in one line each."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base in (object, msgspec.Struct) or not issubclass(base, msgspec.Struct):
            continue
        docs |= _module_docs(base.__module__).get(base.__name__, {})
    return docs


@functools.cache
def _module_docs(name: str) -> dict[str, dict[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    return {node.name: _class_docs(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _class_docs(node: ast.ClassDef) -> dict[str, str]:
    docs = {}
    for attribute, below in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(attribute, ast.AnnAssign)
            and isinstance(attribute.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            docs[attribute.target.id] = " ".join(below.value.value.split())
    return docs
