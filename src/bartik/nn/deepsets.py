"""Networks on sets of any size (M. Zaheer et al., arXiv:1703.06114), and one that is odd under charge conjugation by construction."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bartik.nn.interaction import dense


def set_sums(entries: Tensor, owner: Tensor, like: Tensor) -> Tensor:
    """Sum of the ``entries`` [entries, width] of each set; ``owner`` [entries] numbers the rows of ``like`` [sets, any]."""
    return torch.zeros_like(like[:, :1]).expand(-1, entries.shape[1]).contiguous().index_add(0, owner, entries)


class OddDeepSets(nn.Module):
    """One number of each set of charged entries, which changes its sign and nothing else where all charges do.

    One network sees each entry: it says of which kind the entry probably is, and some numbers more. All of these are summed over the set,
    once multiplied by the entry's charge, which makes a sum odd under charge conjugation, and once not. A second network sees both sums
    and what is known of the set, as they are and with the odd ones turned; half the difference of its answers is the result. The network of
    the entries, where nearly all the time goes, runs once.
    """

    def __init__(self, entry: int, around: int, inner: Sequence[int], outer: Sequence[int], *, kinds: int, more: int) -> None:
        """``entry`` numbers of an entry, ``around`` of a set; layers inside the sum and outside; ``kinds``, the last not summed."""
        super().__init__()
        self.kinds, self.more = kinds, more
        self.inner = nn.Sequential(dense([entry, *inner]), nn.ReLU())
        self.kind = nn.Linear(inner[-1], kinds)
        self.rest = nn.Linear(inner[-1], 2 * more)
        self.outer = dense([around + 2 * (kinds - 1 + more), *outer, 1])

    def sums(self, entries: Tensor, charge: Tensor, owner: Tensor, around: Tensor) -> tuple[Tensor, Tensor]:
        """The odd and the even sums [sets, kinds - 1 + more]; the first are the charge, and the number, of the entries of each kind."""
        known = self.inner(entries)
        kind, rest = torch.softmax(self.kind(known), 1)[:, : self.kinds - 1], self.rest(known)
        odd = torch.cat([kind, rest[:, : self.more]], 1) * charge
        both = set_sums(torch.cat([odd, kind, rest[:, self.more :]], 1), owner, around)
        return both[:, : self.kinds - 1 + self.more], both[:, self.kinds - 1 + self.more :]

    def judge(self, odd: Tensor, even: Tensor, around: Tensor) -> Tensor:
        """The result [sets, 1] from both sums."""
        straight, turned = (self.outer(torch.cat([around, sign * odd, even], 1)) for sign in (1.0, -1.0))
        return torch.as_tensor(0.5 * (straight - turned))

    def forward(self, entries: Tensor, charge: Tensor, owner: Tensor, around: Tensor) -> Tensor:
        """Of entries [entries, entry], their charge [entries, 1] and owner [entries], and sets [sets, around]: [sets, 1]."""
        return self.judge(*self.sums(entries, charge, owner, around), around)
