"""Statements and values of a scheduled nest as C++."""

from __future__ import annotations

from collections.abc import Callable

from bartik.compiler.loops import Add, Bin, Call, Expr, For, Let, Load, Nest, Num, Stmt, Store, Var, subexpressions


class Printer:
    """Knows what a buffer holds: with a schedule by ``rows`` a vector an element, else a float an element."""

    def __init__(self, nest: Nest, number: Callable[[float], str], *, warp: bool = False) -> None:
        """Print the statements of ``nest``; ``number`` writes a float; with ``warp``, a loop in lanes is shared by threads of a GPU."""
        self.buffers, self.number, self.warp = nest.buffers, number, warp
        self.rows = nest.schedule == "rows"

    def statement(self, statement: Stmt, indent: str, lane: str = "") -> list[str]:
        """One statement as lines; ``lane`` is the variable of the loop whose elements lie in lanes."""
        match statement:
            case For():
                return self._loop(statement, indent, lane)
            case Let():
                return [f"{indent}Lanes {statement.name} = {self._spread(statement.value, lane)};"]
            case Add(value=Bin(op="*") as product):
                left = self.value(product.left, lane)
                right = (self._term if self._has_ones(product.left) else self.value)(product.right, lane)
                return [f"{indent}{statement.name} = madd({left}, {right}, {statement.name});"]
            case Add():
                return [f"{indent}{statement.name} = {statement.name} + {self.value(statement.value, lane)};"]
            case Store():
                place, value = f"{statement.buffer}[{self._index(statement.index)}]", self._spread(statement.value, lane)
                value = f"rounded({value})" if _is_product(statement.value) else value
                return [f"{indent}{place} = {value};" if self.rows else f"{indent}store(&{place}, {value});"]
            case _:
                raise NotImplementedError(type(statement).__name__)

    def value(self, value: Expr, lane: str) -> str:
        """An expression."""
        match value:
            case Num():
                return self.number(value.value)
            case Var():
                return value.name
            case Load():
                return self._load(value, lane)
            case Bin(op="+" | "-"):
                return f"({self._term(value.left, lane)} {value.op} {self._term(value.right, lane)})"
            case Bin():
                return f"({self.value(value.left, lane)} {value.op} {self.value(value.right, lane)})"
            case Call():
                return f"{value.function}({', '.join(self._spread(argument, lane) for argument in value.arguments)})"

    def _term(self, value: Expr, lane: str) -> str:
        """A part of a sum: what is read from memory may have been a product, and must not be fused with the sum in one schedule only."""
        text = self.value(value, lane)
        return f"rounded({text})" if isinstance(value, Load) and self.buffers[value.buffer].kind == "scratch" else text

    def _has_ones(self, weight: Expr) -> bool:
        """Whether a table of weights has ones, with which a product is its other factor."""
        values = self.buffers[weight.buffer].values if isinstance(weight, Load) else None
        return values is not None and bool((abs(values) == 1).any())

    def _loop(self, loop: For, indent: str, lane: str) -> list[str]:
        inner = loop.var if loop.kind == "lanes" else lane
        if self.warp and loop.kind == "lanes":
            start = "lane" if loop.start == 0 else f"{loop.start} + lane"
            body = [line for statement in loop.body for line in self.statement(statement, indent + "  ", inner)]
            return [f"{indent}for (int {loop.var} = {start}; {loop.var} < {loop.stop}; {loop.var} += warp) {{", *body, f"{indent}}}"]
        lanes = "lanes" if loop.step == 1 else f"{loop.step} * lanes"
        step = f"{loop.var} += {lanes if loop.kind == 'lanes' else loop.step}"
        head = f"for (int {loop.var} = {loop.start}; {loop.var} < {loop.stop}; {f'++{loop.var}' if step.endswith('= 1') else step}) {{"
        body = [line for statement in loop.body for line in self.statement(statement, indent + "  ", inner)]
        return [f"{indent}{head}", *body, f"{indent}}}"]

    def _spread(self, value: Expr, lane: str) -> str:
        """The expression as a vector; a float in all lanes."""
        text = self.value(value, lane)
        if not self._is_vector(value, lane):
            return f"all({text})"
        return text[1:-1] if isinstance(value, Bin) else text

    def _load(self, load: Load, lane: str) -> str:
        place = f"{load.buffer}[{self._index(load.index)}]"
        if self.rows or not _mentions(load.index, lane):
            return place
        if isinstance(load.index, Load):
            return f"gather({load.buffer}, &{load.index.buffer}[{self._index(load.index.index)}])"
        return f"load(&{place})"

    def _is_vector(self, value: Expr, lane: str) -> bool:
        match value:
            case Num():
                return False
            case Load():
                return self.buffers[value.buffer].kind == "scratch" if self.rows else _mentions(value.index, lane)
            case Bin():
                return self._is_vector(value.left, lane) or self._is_vector(value.right, lane)
            case _:
                return True

    def _index(self, index: Expr) -> str:
        match index:
            case Num():
                return str(int(index.value))
            case Var():
                return index.name
            case Bin():
                return f"{self._index(index.left)} {index.op} {self._index(index.right)}"
            case Load():
                return f"{index.buffer}[{self._index(index.index)}]"
            case Call():
                raise NotImplementedError("a call is no index")


def _is_product(value: Expr) -> bool:
    return (isinstance(value, Bin) and value.op == "*") or (isinstance(value, Call) and value.function in ("neg", "abs"))


def _mentions(index: Expr, lane: str) -> bool:
    return bool(lane) and any(isinstance(e, Var) and e.name == lane for e in subexpressions(index))
