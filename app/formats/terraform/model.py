"""What Terraform files say: the pieces that a folder is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from app.formats.model import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformFile(Part):
    """One `.tf` or `.tfvars` file, as far as it concerns what is judged. Expressions are those of `hcl`.

    `resources` and `modules`: `{kind, name, line, attributes: {name: [line, expression]}, blocks: [{kind, …}]}`.
    `variables`: name → `[default]`, or `[]` where there is none. `values`: what a tfvars file assigns.
    """

    kind: ClassVar[str] = "terraform_file"
    resources: tuple[Mapping[str, Any], ...] = ()
    modules: tuple[Mapping[str, Any], ...] = ()
    variables: Mapping[str, Any]
    local_values: Mapping[str, Any]
    values: Mapping[str, Any]
