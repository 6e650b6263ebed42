"""LightGBM's text format: ``key=value`` lines for the model, then a block of them for each tree, lists parted by spaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bartik.core import Array, ExportError

_MAX_TARGETS = 10_000


@dataclass(frozen=True)
class TextTree:
    """A tree as it stands in the file: arrays over its inner nodes, and the values of its leaves."""

    feature: Array
    threshold: Array
    decision: Array
    left: Array
    right: Array
    value: Array


@dataclass(frozen=True)
class TextModel:
    """The lines before the trees, by key, and the trees."""

    name: Path | str
    header: Mapping[str, str]
    trees: tuple[TextTree, ...]

    def whole(self, key: str) -> int:
        """The whole number of ``key``."""
        try:
            value = int(self.header[key])
        except (LookupError, ValueError) as error:
            raise ExportError(f"{self.name}: {key} is no whole number ({self.header.get(key)})", hint="is the file whole?") from error
        if not 0 <= value < 2**31:
            raise ExportError(f"{self.name}: {key}={value} cannot be")
        return value


def read_text(name: Path | str, text: str) -> TextModel:
    """The model in ``text``; `ExportError` names the tree or line that is not as LightGBM writes it."""
    head, *blocks = text.partition("end of trees")[0].split("\nTree=")
    lines = head.strip().splitlines()
    if not lines or lines[0].strip() != "tree" or "end of trees" not in text:
        raise ExportError(f"{name}: no whole LightGBM model", hint="write it again with booster.save_model")
    model = TextModel(name, _pairs(lines[1:]), tuple(_tree(name, number, block) for number, block in enumerate(blocks)))
    targets = model.whole("num_tree_per_iteration")
    if not 1 <= targets <= _MAX_TARGETS or len(blocks) % targets:
        raise ExportError(f"{name}: {len(blocks)} trees are no whole number of rounds of {targets}", hint="is the file whole?")
    return model


def written(model: TextModel) -> str:
    """The text again of what was read, and of nothing else: LightGBM's own reader believes every count in a file."""
    targets, features = model.whole("num_tree_per_iteration"), model.whole("max_feature_idx") + 1
    objective = model.header.get("objective", "")
    of_objective = next((part.partition(":")[2] for part in objective.split() if part.startswith("num_class:")), str(targets))
    if model.whole("num_class") != targets or of_objective != str(targets):
        raise ExportError(f"{model.name}: has {targets} trees a round for {model.header['num_class']} classes", hint="is the file whole?")
    names = model.header.get("feature_names", "").split()
    if len(names) != features or len(set(names)) != features:
        raise ExportError(f"{model.name}: has {len(set(names))} names for {features} features", hint="is the file whole?")
    lines = ["tree", "version=v4", f"num_class={targets}", f"num_tree_per_iteration={targets}", "label_index=0"]
    lines += [f"max_feature_idx={features - 1}", *([f"objective={objective}"] if objective else [])]
    lines += ["average_output"] if "average_output" in model.header else []
    lines += [f"feature_names={' '.join(names)}", f"feature_infos={' '.join(['none'] * features)}", ""]
    for number, tree in enumerate(model.trees):
        lines += [f"Tree={number}", *_block(tree), ""]
    return "\n".join([*lines, "end of trees", ""])


def _block(tree: TextTree) -> list[str]:
    lists = {
        "split_feature": tree.feature,
        "threshold": tree.threshold,
        "decision_type": tree.decision,
        "left_child": tree.left,
        "right_child": tree.right,
        "leaf_value": tree.value,
    }
    return [f"num_leaves={len(tree.value)}", "num_cat=0", *(f"{key}={' '.join(map(repr, a.tolist()))}" for key, a in lists.items())]


def _pairs(lines: list[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        key, _, value = line.partition("=")
        found[key.strip()] = value.strip()
    return found


def _tree(name: Path | str, number: int, block: str) -> TextTree:
    index, *lines = block.splitlines()
    pairs = _pairs(lines)
    try:
        if int(index) != number:
            raise ExportError(f"{name}: tree {index.strip()} stands in the place of tree {number}", hint="is the file whole?")
        if pairs.get("is_linear", "0") != "0":
            raise ExportError(f"{name}: tree {number} has linear leaves, which are not supported", hint="train with linear_tree=false")
        leaves = int(pairs["num_leaves"])
        whole = {key: _list(pairs, key, np.int64, leaves - 1) for key in ("split_feature", "decision_type", "left_child", "right_child")}
        threshold, value = _list(pairs, "threshold", np.float64, leaves - 1), _list(pairs, "leaf_value", np.float64, leaves)
    except (LookupError, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ExportError(f"{name}: tree {number} is not as LightGBM writes it ({reason})", hint="is the file whole?") from error
    left, right = whole["left_child"], whole["right_child"]
    if any((side < -leaves).any() or (side >= leaves - 1).any() for side in (left, right)):
        raise ExportError(f"{name}: tree {number} has a node whose child there is not", hint="is the file whole?")
    return TextTree(whole["split_feature"], threshold, whole["decision_type"], left, right, value)


def _list(pairs: Mapping[str, str], key: str, dtype: type, count: int) -> Array:
    """The ``count`` numbers of ``key``; a tree of one leaf has no list of its nodes."""
    values: Array = np.array(pairs.get(key, "").split() if count == 0 else pairs[key].split(), dtype)
    if len(values) != count:
        raise ValueError(f"{key} has {len(values)} numbers, wanted {count}")
    return values
