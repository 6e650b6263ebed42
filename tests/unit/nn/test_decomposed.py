"""A last layer that keeps what holds in every domain, and drops what is of one alone."""

import torch

from bartik.nn.decomposed import Decomposition, decompose, overlap, split, whitening


def sample(shares, rows=4000, seed=1):
    """Two classes; input 0 tells them apart everywhere, input 1 as strongly as the share of a row's domain says."""
    random = torch.Generator().manual_seed(seed)
    target = torch.randint(2, (rows,), generator=random)
    domain = torch.randint(len(shares), (rows,), generator=random)
    sign = 2.0 * target - 1
    known = torch.randn(rows, 2, generator=random)
    known[:, 0] += sign
    known[:, 1] += torch.tensor(shares)[domain] * sign
    return known[None], target, domain


def test_split_finds_what_all_domains_have_across_what_they_differ_in():
    everywhere, apart = torch.tensor([[1.0, 0.0, 2.0], [-1.0, 0.0, -2.0]]), torch.tensor([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    shares = torch.tensor([0.4, 1.0, 1.6, 2.2])
    layers = everywhere + shares[:, None, None] * apart
    common, specific, found = split(layers[None])
    assert torch.allclose(common[0], everywhere, atol=1e-5)
    assert torch.allclose(found[0, :, None, None] * specific[0], shares[:, None, None] * apart, atol=1e-5)


def test_the_common_part_trusts_less_what_domains_do_not_share():
    known, target, domain = sample([-1.0, 0.0, 1.0, 2.0], rows=1500)
    weights, _ = decompose(known, target, domain, torch.ones(1500), Decomposition(5.0, 1.0, steps=120, rate=0.1))
    difference = weights[0, 1] - weights[0, 0]
    ordinary = torch.linalg.lstsq(known[0], 2.0 * target[:, None] - 1).solution.flatten()
    assert difference[1] / difference[0] < 0.6 * ordinary[1] / ordinary[0]


def test_biases_and_weights_are_of_inputs_as_they_come():
    known, target, domain = sample([0.5, 1.5], rows=800)
    how = Decomposition(within=0.0, orthogonality=0.0, steps=60, rate=0.1)
    far = known * 3 + 5
    answers = []
    for rows in (known, far):
        weights, bias = decompose(rows, target, domain, torch.ones(800), how)
        answers.append(rows[0] @ weights[0].T + bias[0])
    assert torch.allclose(answers[0], answers[1], atol=0.05)
    assert (answers[0].argmax(1) == target).float().mean() > 0.85


def test_many_networks_at_once_are_as_each_alone():
    known, target, domain = sample([0.5, 1.5], rows=500)
    other = sample([0.5, 1.5], rows=500, seed=2)[0]
    how = Decomposition(5.0, 1.0, steps=20)
    both, alone = (decompose(rows, target, domain, torch.ones(500), how)[0] for rows in (torch.cat([known, other]), other))
    assert torch.allclose(both[1], alone[0], atol=1e-5)


def test_the_overlap_is_a_squared_cosine():
    one = torch.tensor([[[1.0, 0.0], [1.0, 1.0]]])
    assert overlap(one, one).item() > 0.999
    assert overlap(one, torch.tensor([[[0.0, 2.0], [1.0, -1.0]]])).item() == 0


def test_whitened_inputs_have_no_correlation_within_a_class():
    known, target, _ = sample([1.0])
    known = known @ torch.tensor([[1.0, 0.8], [0.0, 0.5]])
    rows = (known @ whitening(known, target, torch.ones(len(target)), ridge=0.0))[0]
    for label in (0, 1):
        found = torch.cov(rows[target == label].T)
        assert torch.allclose(found, torch.eye(2), atol=0.1)


def test_rows_of_no_weight_change_nothing():
    known, target, domain = sample([0.5, 1.5], rows=600)
    wild = torch.cat([known, 100 * known[:, :50]], 1)
    weights = torch.cat([torch.ones(600), torch.zeros(50)])
    turned = whitening(wild, torch.cat([target, target[:50]]), weights)
    assert torch.allclose(turned, whitening(known, target, torch.ones(600)), atol=1e-4)
    assert domain.max() == 1
