import torch
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import Config
from bartik.train.place import Place
from bartik.train.team import Team


@given(count=st.integers(1, 70), size=st.integers(1, 9), pieces=st.integers(1, 5))
def test_every_row_is_in_one_piece_of_one_worker(count, size, pieces):
    team, seen = Team(Place(Config({}))), []
    team.size = size
    for team.rank in range(size):
        shares = list(team.share(torch.arange(count), pieces))
        assert all(len(share) for share in shares)
        seen += torch.cat([*shares, torch.zeros(0, dtype=torch.int64)]).tolist()
    assert sorted(seen) == list(range(count))


def test_a_mean_of_pieces_is_the_mean_of_all():
    network = torch.nn.Linear(3, 1)
    rows, weights = torch.randn(10, 3), torch.rand(10)
    wanted = (network(rows)[:, 0] * weights).sum() / weights.sum()
    wanted.backward()
    gradients = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()
    sums = torch.zeros(2)
    for piece in Team(Place(Config({}))).share(torch.arange(10), 3):
        loss = (network(rows[piece])[:, 0] * weights[piece]).sum()
        loss.backward()
        sums += torch.stack([loss.detach(), weights[piece].sum()])
    torch.testing.assert_close(Team(Place(Config({}))).mean(list(network.parameters()), sums), wanted.detach())
    torch.testing.assert_close([parameter.grad for parameter in network.parameters()], gradients)
