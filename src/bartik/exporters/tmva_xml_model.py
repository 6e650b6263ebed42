"""The part of a TMVA weight file that all methods share: release, options, variables, targets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from xml.etree.ElementTree import Element

from bartik.core import Column
from bartik.exporters.tmva_xml_elements import Elements

Analysis = Literal["classification", "regression"]

MAX_VARIABLES = 10_000


@dataclass(frozen=True)
class Variable:
    """An input or a target: what the user wrote, and its range in training."""

    label: str
    expression: str
    title: str
    unit: str
    low: float
    high: float
    whole: bool

    @property
    def column(self) -> Column:
        """Its column in the signature."""
        return Column(self.expression, self.unit, self.title if self.title != self.expression else "")


@dataclass(frozen=True)
class WeightFile:
    """A weight file up to its transformations and weights; ``version`` is TMVA's own code, 65536 major + 256 minor + patch."""

    path: Path
    root: Element
    kind: str
    name: str
    analysis: Analysis
    version: int
    releases: Mapping[str, str]
    options: Mapping[str, str]
    variables: tuple[Variable, ...]
    targets: tuple[Variable, ...]

    @property
    def elements(self) -> Elements:
        """Access to the elements, with refusals that name the file."""
        return Elements(self.path)

    def option(self, name: str, default: str = "") -> str:
        """An option's value; `ExportError` where the file lacks it and TMVA has no ``default``."""
        value = self.options.get(name, default)
        if not value:
            self.elements.refuse(f"option {name} is missing", "it was written by a TMVA too old to say what it computes")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """An option that is True or False."""
        value = self.options.get(name, str(default))
        if value not in ("True", "False"):
            self.elements.refuse(f"option {name} is {value!r}: wanted True or False")
        return value == "True"


def read_weight_file(path: Path, root: Element) -> WeightFile:
    """What ``root`` says of itself; `ExportError` for what is no weight file."""
    elements = Elements(path)
    if root.tag != "MethodSetup":
        elements.refuse(f"the root element is <{root.tag}>, not <MethodSetup>", "wanted a weight file that TMVA wrote")
    kind, _, name = elements.text(root, "Method").partition("::")
    releases = {i.get("name", ""): i.get("value", "") for i in elements.children(elements.child(root, "GeneralInfo"), "Info")}
    analysis = releases.get("AnalysisType", "Classification").lower()
    if analysis not in ("classification", "regression"):
        elements.refuse(f"analysis type {analysis!r} is not supported", "supported: classification with two classes, regression")
    options = {
        option.get("name", ""): (option.text or "").strip() for option in elements.children(elements.child(root, "Options"), "Option")
    }
    variables = _variables(elements, root, "Variables", "NVar", "VarIndex")
    targets = _variables(elements, root, "Targets", "NTrgt", "TargetIndex") if analysis == "regression" else ()
    version = _version(elements, releases)
    known = {key: value for key, value in releases.items() if key in ("TMVA Release", "ROOT Release")}
    return WeightFile(path, root, kind, name, cast(Analysis, analysis), version, known, options, variables, targets)


def _version(elements: Elements, releases: Mapping[str, str]) -> int:
    release = releases.get("TMVA Release", releases.get("TMVA", ""))
    code = re.search(r"\[(\d{1,9})\]", release)
    if code is None:
        elements.refuse(f"TMVA release {release!r} has no version code", "the release decides how neurons are computed")
    return int(code.group(1))


def _variables(elements: Elements, root: Element, tag: str, count: str, index: str) -> tuple[Variable, ...]:
    parent = elements.child(root, tag)
    wanted = elements.whole(parent, count, 1, MAX_VARIABLES)
    children = elements.children(parent, tag[:-1])
    if len(children) != wanted:
        elements.refuse(f"<{tag} {count}={wanted}> holds {len(children)}", "is the file whole?")
    elements.in_order(children, index)
    return tuple(_variable(elements, child) for child in children)


def _variable(elements: Elements, element: Element) -> Variable:
    expression = elements.text(element, "Expression")
    unit = element.get("Unit", "").strip().removeprefix("[").removesuffix("]")
    return Variable(
        label=element.get("Label", expression),
        expression=expression,
        title=element.get("Title", ""),
        unit="" if unit == "1" else unit,
        low=elements.number(element, "Min"),
        high=elements.number(element, "Max"),
        whole=element.get("Type") == "I",
    )
