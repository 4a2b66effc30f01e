"""A second way to the same posterior: Metropolis within Gibbs, with its convergence.

It shares no integral with `scale`: what the declared difficulty leaves open of each task
is sampled, not integrated. Where both agree and the chains have mixed, the numbers do not
hang on how they were computed. Diagnostics: split R-hat after rank normalisation and bulk
effective sample size (Vehtari et al. 2021).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from fairlead.bench.estimate.intervals import Floats
from fairlead.bench.estimate.scale import (
    ABILITY_SD,
    DISCRIMINATION_SD,
    SIGMA_SD,
    TAU_SD,
    Observed,
)

CHAINS = 4
RHAT_MOST = 1.01
ESS_LEAST = 400.0
_TUNED_EVERY = 50
_WANTED = 0.44
"""Share of steps that are taken, in one dimension (Roberts and Rosenthal 2001)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the chains say of the ability."""

    draws: Floats
    """By chain and draw."""
    rhat: float
    ess: float

    @property
    def converged(self) -> bool:
        """Tell whether the chains agree and are long enough."""
        return self.rhat <= RHAT_MOST and self.ess >= ESS_LEAST

    def quantile(self, share: float) -> float:
        """Return the value below which *share* of the draws lie."""
        return float(np.quantile(self.draws, share))


class _Chains:
    """The state of all chains at once; the first axis of everything is the chain."""

    def __init__(self, observed: Observed, seed: int, *, discriminations: bool) -> None:
        self.seen = observed
        self.slopes = discriminations
        self.random = np.random.Generator(np.random.PCG64(seed))
        tasks, families = len(observed.family), observed.families
        self.member = np.zeros((tasks, families))
        self.member[np.arange(tasks), observed.family] = 1
        draw = self.random.normal
        self.theta = draw(0, 1, (CHAINS, 1))
        self.beta = self.theta + draw(0, 0.5, (CHAINS, families))
        self.slope = np.zeros((CHAINS, families))
        self.tau = draw(-0.5, 0.5, (CHAINS, 1))  # its logarithm
        self.sigma = draw(-0.5, 0.5, (CHAINS, 1))  # its logarithm
        self.z = draw(0, 1, (CHAINS, tasks))
        self.sizes = {n: np.full(1, 0.5) for n in ("tau", "sigma", "slide")}
        self.sizes |= {n: np.full(families, 0.5) for n in ("beta", "slope")}
        self.sizes["z"] = np.ones(tasks)
        self.taken = {name: np.zeros_like(size) for name, size in self.sizes.items()}
        self.fit = self._fit()

    def _fit(self) -> Floats:
        """Return by chain and task: the log likelihood."""
        seen = self.seen
        family = seen.family
        line = np.exp(self.slope)[:, family] * (self.beta[:, family] - seen.difficulty)
        given = line + np.exp(self.sigma) * self.z
        return np.asarray(seen.solved * given - seen.tried * np.logaddexp(0, given))

    def step(self) -> None:
        """Move every part once."""
        self._move("z", lambda: -0.5 * np.square(self.z), lambda fit: fit)
        by_family = self._by_family
        self._move("beta", self._beta_prior, by_family)
        if self.slopes:
            self._move(
                "slope",
                lambda: -0.5 * np.square(self.slope / DISCRIMINATION_SD),
                by_family,
            )
        whole = self._whole
        self._move(
            "sigma",
            lambda: self.sigma - 0.5 * np.square(np.exp(self.sigma) / SIGMA_SD),
            whole,
        )
        self._move("tau", self._tau_prior, _nothing)
        self._slide()
        self._shift()

    def _beta_prior(self) -> Floats:
        return np.asarray(-0.5 * np.square((self.beta - self.theta) / np.exp(self.tau)))

    def _tau_prior(self) -> Floats:
        apart = self._beta_prior().sum(axis=1, keepdims=True)
        own = self.tau - 0.5 * np.square(np.exp(self.tau) / TAU_SD)
        return np.asarray(own + apart - self.beta.shape[1] * self.tau)

    def _by_family(self, fit: Floats) -> Floats:
        return np.asarray(fit @ self.member)

    def _whole(self, fit: Floats) -> Floats:
        return np.asarray(fit.sum(axis=1, keepdims=True))

    def _move(
        self,
        name: str,
        prior: Callable[[], Floats],
        gathered: Callable[[Floats], Floats],
    ) -> None:
        """Propose a step of *name*; what is gathered decides each part by itself."""
        old: Floats = getattr(self, name)
        before_prior, before_fit = prior(), self.fit
        step = self.sizes[name] * self.random.normal(size=old.shape)
        setattr(self, name, old + step)
        after_fit = before_fit if name == "tau" else self._fit()
        gain = prior() - before_prior + gathered(after_fit) - gathered(before_fit)
        taken = np.log(self.random.uniform(size=old.shape)) < gain
        setattr(self, name, np.where(taken, old + step, old))
        if name in {"beta", "slope"}:
            chosen = taken[:, self.seen.family]
            self.fit = np.where(chosen, after_fit, before_fit)
        elif name != "tau":
            self.fit = np.where(taken, after_fit, before_fit)
        self.taken[name] += taken.mean(axis=0)

    def _slide(self) -> None:
        """Propose to move theta and all families together, which they do slowly alone."""
        step = self.sizes["slide"] * self.random.normal(size=(CHAINS, 1))
        before, theta, beta = self.fit, self.theta, self.beta
        self.theta, self.beta = theta + step, beta + step
        after = self._fit()
        gain = self._whole(after) - self._whole(before)
        gain -= 0.5 * (np.square(self.theta) - np.square(theta)) / ABILITY_SD**2
        taken = np.log(self.random.uniform(size=(CHAINS, 1))) < gain
        self.theta = np.where(taken, self.theta, theta)
        self.beta = np.where(taken, self.beta, beta)
        self.fit = np.where(taken, after, before)
        self.taken["slide"] += taken.mean(axis=0)

    def _shift(self) -> None:
        """Draw theta from its conditional, which is normal."""
        families = self.beta.shape[1]
        precision = families * np.exp(-2 * self.tau) + ABILITY_SD**-2
        middle = (
            self.beta.sum(axis=1, keepdims=True) * np.exp(-2 * self.tau) / precision
        )
        noise = self.random.normal(size=middle.shape)
        self.theta = middle + noise / np.sqrt(precision)

    def tune(self) -> None:
        """Fit the sizes of steps; only before anything is kept."""
        for name, size in self.sizes.items():
            rate = self.taken[name] / _TUNED_EVERY
            self.sizes[name] = size * np.exp(np.clip(rate - _WANTED, -0.3, 0.3) * 1.5)
            self.taken[name] = np.zeros_like(size)


def sample(
    observed: Observed,
    *,
    seed: int,
    draws: int = 1500,
    discriminations: bool = True,
) -> Check:
    """Return *draws* of the ability by each of four chains, after half as many before."""
    chains = _Chains(observed, seed, discriminations=discriminations)
    for number in range(1, draws // 2 + 1):
        chains.step()
        if number % _TUNED_EVERY == 0:
            chains.tune()
    kept = np.empty((CHAINS, draws))
    for number in range(draws):
        chains.step()
        kept[:, number] = chains.beta @ observed.weights
    return Check(draws=kept, rhat=rhat(kept), ess=ess(kept))


def rhat(draws: Floats) -> float:
    """Return split R-hat of the ranks: 1 where all halves of all chains agree."""
    halves = _ranked(_halves(draws))
    length = halves.shape[1]
    within = halves.var(axis=1, ddof=1).mean()
    between = length * halves.mean(axis=1).var(ddof=1)
    return float(np.sqrt(((length - 1) / length * within + between / length) / within))


def ess(draws: Floats) -> float:
    """Return how many independent draws would say as much of the bulk."""
    halves = _ranked(_halves(draws))
    chains, length = halves.shape
    centred = halves - halves.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(centred, n=2 * length, axis=1)) ** 2
    covariance = np.fft.irfft(spectrum, axis=1)[:, :length] / length
    within = covariance[:, 0].mean() * length / (length - 1)
    total = within * (length - 1) / length + halves.mean(axis=1).var(ddof=1)
    correlation = 1 - (within - covariance.mean(axis=0)) / total
    # Geyer: sums of neighbours, as long as they are positive and fall.
    pairs = correlation[: length // 2 * 2].reshape(-1, 2).sum(axis=1)
    positive = int(np.argmax(pairs < 0)) if (pairs < 0).any() else len(pairs)
    falling = np.minimum.accumulate(pairs[:positive])
    return float(
        chains * length / max(2 * falling.sum() - 1, 1 / np.log10(chains * length))
    )


def _halves(draws: Floats) -> Floats:
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, -half:]])


def _ranked(draws: Floats) -> Floats:
    ranks = draws.ravel().argsort().argsort().reshape(draws.shape) + 1
    return np.asarray(special.ndtri((ranks - 0.375) / (draws.size + 0.25)))


def _nothing(fit: Floats) -> Floats:
    """How far families lie apart changes no likelihood, once their abilities are given."""
    return np.zeros((len(fit), 1))
