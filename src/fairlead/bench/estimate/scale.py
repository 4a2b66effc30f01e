"""Ability on one scale across families: a hierarchical item response model.

With family f of task t, declared difficulty b (logits) and n attempts of which k solved:

    k | p ~ Binomial(n, p)       logit p = a_f * (beta_f - b_t) + sigma * z_t
    z_t ~ N(0, 1)                what the declared difficulty does not say of a task
    beta_f ~ N(theta, tau^2)     ability within a family
    theta ~ N(0, 3^2)   tau, sigma ~ HalfNormal(1)
    log a_f ~ N(0, 0.25^2)       2PL; a_f = 1 in 1PL

The *ability* is the mean of beta_f over the families of the suite, by their weights.

The posterior is integrated, not sampled: given (theta, tau, sigma) families are
independent, so that every integral has one or two dimensions, and the density of the
weighted mean comes from its characteristic function. The same observations give the same
numbers, in any order, and a second machine can recompute them. `chains` samples the same
model in another way, as a check.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fairlead.bench.estimate.intervals import Floats, Interval, Ints
from fairlead.errors import Invalid

REACH = 10.0
"""Abilities run from -REACH to REACH."""
STEP = 0.1
ABILITY_SD = 3.0
TAU_SD = SIGMA_SD = 1.0
DISCRIMINATION_SD = 0.25
_KEPT = 1e-5
"""Share of the posterior below which a node is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Tasks with how often each was tried and solved."""

    family: Ints
    """Index of the family of each task."""
    difficulty: Floats
    """In logits."""
    solved: Ints
    tried: Ints
    weights: Floats
    """By family; they sum to 1."""

    def __post_init__(self) -> None:
        """Refuse what is no set of observations.

        Raises:
            Invalid: nothing was observed, or counts make no sense.

        """
        if not len(self.family) or (self.tried < 1).any():
            raise Invalid("an estimate needs tasks that were tried")
        if (self.solved < 0).any() or (self.solved > self.tried).any():
            raise Invalid("a task cannot be solved more often than it was tried")

    @property
    def families(self) -> int:
        """How many families there are."""
        return len(self.weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """A density on evenly spaced points."""

    at: Floats
    mass: Floats
    """Sums to 1."""

    def quantile(self, share: float) -> float:
        """Return where *share* of the mass lies below."""
        heaped = np.concatenate([[0.0], np.cumsum(self.mass)])
        step = self.at[1] - self.at[0]
        edges = np.concatenate([[self.at[0] - step / 2], self.at + step / 2])
        rising = np.concatenate([[True], np.diff(heaped) > 0])
        return float(np.interp(share, heaped[rising], edges[rising]))

    def interval(self, level: float = 0.95) -> Interval:
        """Return the interval with equal tails."""
        tail = (1 - level) / 2
        return Interval(self.quantile(tail), self.quantile(1 - tail))

    def above(self, point: float) -> float:
        """Return the probability above *point*."""
        step = self.at[1] - self.at[0]
        edges = np.concatenate([[self.at[0] - step / 2], self.at + step / 2])
        heaped = np.concatenate([[0.0], np.cumsum(self.mass)])
        return float(1 - np.interp(point, edges, heaped))

    @property
    def mean(self) -> float:
        """The mean."""
        return float(self.mass @ self.at)

    @property
    def sd(self) -> float:
        """The standard deviation."""
        return sqrt(max(0.0, float(self.mass @ np.square(self.at - self.mean))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The posterior."""

    ability: Density
    """Of the weighted mean over the suite's families."""
    families: tuple[Density, ...]
    population: Density
    """Of theta: the mean over families like these, of which these are a sample."""
    tau: float
    """Posterior mean of how far families lie apart, in logits."""
    sigma: float
    """Posterior mean of what the declared difficulty leaves open, in logits."""
    edge: float
    """Mass in the outermost logit of the scale: little says that the scale was wide
    enough, much that everything or nothing was solved."""


@dataclass(frozen=True, slots=True)
class _Nodes:
    beta: Floats
    tau: Floats
    sigma: Floats
    slope: Floats
    slope_weight: Floats
    z: Floats
    z_weight: Floats


@lru_cache(maxsize=4)
def _nodes(discriminations: bool, fine: int) -> _Nodes:  # noqa: FBT001
    z, z_weight = np.polynomial.hermite_e.hermegauss(14 + fine)
    normal, normal_weight = np.polynomial.hermite_e.hermegauss(5)
    spots = (np.arange(7 * fine) + 0.5) / (7 * fine)
    half = special.ndtri(0.5 + spots / 2)
    return _Nodes(
        beta=np.arange(-REACH, REACH + STEP / 2, STEP / fine),
        tau=np.maximum(STEP, TAU_SD * half),
        sigma=SIGMA_SD * half[fine // 2 :: fine],
        slope=np.exp(DISCRIMINATION_SD * normal) if discriminations else np.ones(1),
        slope_weight=normal_weight / normal_weight.sum()
        if discriminations
        else np.ones(1),
        z=z,
        z_weight=z_weight / z_weight.sum(),
    )


def posterior(
    observed: Observed, *, discriminations: bool = True, fine: int = 1
) -> Scale:
    """Return the posterior; *fine* halves the steps, to see that they were small enough."""
    nodes = _nodes(discriminations, fine)
    logs = np.stack([_likelihood(observed, f, nodes) for f in range(observed.families)])
    theta = nodes.beta[:: 2 * fine]
    gap = (nodes.beta[None, :] - theta[:, None])[None] / nodes.tau[:, None, None]
    kernel = np.exp(-0.5 * np.square(gap))
    kernel /= kernel.sum(axis=2, keepdims=True)
    # By family, sigma, tau, theta: the likelihood with beta integrated out.
    tops = logs.max(axis=2, keepdims=True)
    scaled = np.exp(logs - tops)
    flat = kernel.reshape(-1, len(nodes.beta))
    whole = scaled @ flat.T
    log_weight = (np.log(np.maximum(whole, 1e-300)) + tops).sum(axis=0)
    log_weight += np.tile(-0.5 * np.square(theta / ABILITY_SD), len(nodes.tau))[None, :]
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    return _collect(
        observed, nodes, theta=theta, flat=flat, scaled=scaled, weight=weight
    )


def _collect(  # noqa: PLR0913 - the parts of one integral
    observed: Observed,
    nodes: _Nodes,
    *,
    theta: Floats,
    flat: Floats,
    scaled: Floats,
    weight: Floats,
) -> Scale:
    sigma_at, rest_at = np.nonzero(weight > _KEPT * weight.max())
    kept = weight[sigma_at, rest_at]
    kept = kept / kept.sum()
    omega: Floats = np.arange(_frequencies(observed), dtype=np.float64)
    omega *= pi / REACH
    spectrum = kept[:, None] * np.ones(len(omega), dtype=np.complex128)
    marginals: list[Floats] = []
    for f in range(observed.families):
        given = flat[rest_at] * scaled[f][sigma_at]
        given /= given.sum(axis=1, keepdims=True)
        marginals.append(kept @ given)
        turned = np.outer(nodes.beta, omega * observed.weights[f])
        spectrum *= given @ np.cos(turned) + 1j * (given @ np.sin(turned))
    by_tau = weight.reshape(len(nodes.sigma), len(nodes.tau), len(theta))
    ability = _inverted(spectrum.sum(axis=0), omega)
    return Scale(
        ability=ability,
        families=tuple(Density(at=nodes.beta, mass=m) for m in marginals),
        population=Density(at=theta, mass=by_tau.sum(axis=(0, 1))),
        tau=float(by_tau.sum(axis=(0, 2)) @ nodes.tau),
        sigma=float(by_tau.sum(axis=(1, 2)) @ nodes.sigma),
        edge=float(ability.mass[np.abs(ability.at) > REACH - 1].sum()),
    )


def _likelihood(observed: Observed, family: int, nodes: _Nodes) -> Floats:
    """Return by sigma and beta: the log likelihood of a family, slopes integrated."""
    mine = observed.family == family
    columns = (observed.difficulty, observed.solved, observed.tried)
    cells, counts = np.unique(
        np.stack([c[mine].astype(np.float64) for c in columns], axis=1),
        axis=0,
        return_counts=True,
    )
    shape = (len(nodes.slope), len(nodes.sigma), len(nodes.beta))
    logs = np.zeros(shape)
    noise = nodes.sigma[:, None] * nodes.z[None, :]
    for (difficulty, solved, tried), count in zip(cells, counts, strict=True):
        line = nodes.slope[:, None] * (nodes.beta - difficulty)[None, :]
        given = line[:, None, :, None] + noise[None, :, None, :]
        # log p and log(1 - p) without loss of digits: p^k (1-p)^(n-k).
        chance = np.exp(solved * given - tried * np.logaddexp(0.0, given))
        logs += count * np.log(np.maximum(chance @ nodes.z_weight, 1e-300))
    top = logs.max(axis=0)
    summed = np.tensordot(nodes.slope_weight, np.exp(logs - top), axes=1)
    return np.asarray(np.log(np.maximum(summed, 1e-300)) + top)


def _frequencies(observed: Observed) -> int:
    """Return how many frequencies show the density without ringing."""
    # No posterior is narrower than half of what the attempts alone would give.
    narrowest = 0.5 * 2 / sqrt(float(observed.tried.sum()))
    return min(400, max(64, ceil(6 / max(narrowest, 0.03) * REACH / pi)))


def _inverted(spectrum: NDArray[np.complex128], omega: Floats) -> Density:
    at = np.arange(-REACH, REACH, 0.02)
    turned = np.exp(-1j * np.outer(at, omega[1:]))
    drawn = 1 + 2 * (turned @ spectrum[1:]).real / spectrum[0].real
    mass = np.maximum(drawn, 0.0)
    return Density(at=at, mass=mass / mass.sum())
