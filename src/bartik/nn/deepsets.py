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

    One network sees each entry, without its charge, and divides it among kinds: shares that add up to one. They are summed over the
    positive and over the negative entries of a set. What is known of the set, the difference of both sums and their total go to a second
    network, once as they are and once with the difference turned; half the difference of its answers is the result. The network of the
    entries, where nearly all the time goes, runs once.
    """

    def __init__(self, entry: int, around: int, inner: Sequence[int], outer: Sequence[int]) -> None:
        """``entry`` numbers of an entry, ``around`` of a set; sizes of the layers inside the sum, the last the summed one, and outside."""
        super().__init__()
        self.inner = nn.Sequential(dense([entry, *inner]), nn.Softmax(1))
        self.outer = dense([around + 2 * inner[-1], *outer, 1])

    def sums(self, entries: Tensor, charge: Tensor, owner: Tensor, around: Tensor) -> tuple[Tensor, Tensor]:
        """Sums over the entries of positive and of negative charge, each [sets, width]."""
        place = 2 * owner + (charge[:, 0] < 0).to(owner.dtype)
        both = set_sums(self.inner(entries), place, torch.cat([around, around], 1).reshape(-1, around.shape[1]))
        width = both.shape[1]
        paired = both.reshape(-1, 2 * width)
        return paired[:, :width], paired[:, width:]

    def judge(self, positive: Tensor, negative: Tensor, around: Tensor) -> Tensor:
        """The result [sets, 1] from both sums."""
        odd, even = positive - negative, positive + negative
        straight, turned = (self.outer(torch.cat([around, sign * odd, even], 1)) for sign in (1.0, -1.0))
        return torch.as_tensor(0.5 * (straight - turned))

    def forward(self, entries: Tensor, charge: Tensor, owner: Tensor, around: Tensor) -> Tensor:
        """Of entries [entries, entry], their charge [entries, 1] and owner [entries], and sets [sets, around]: [sets, 1]."""
        return self.judge(*self.sums(entries, charge, owner, around), around)
