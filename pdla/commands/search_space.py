"""What a search chooses from: overrides in Hydra's own grammar of sweeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from pdla.commands.overrides import as_hydra_reads
from pdla.data.files import first_line

# What the search itself gives, and what changes who is tested: trials would not be comparable.
OF_THE_SEARCH: Final = ("study", "tag", "split.inner", "sweep", "launcher", "searched")
NEVER_SEARCHED: Final = ("split", "recordings", "leg", "evaluation", "trainer.devices")
Distribution = CategoricalDistribution | FloatDistribution | IntDistribution


@dataclass(frozen=True)
class Space:
    """The overrides of a search.

    Attributes:
        fixed: The same in every trial, as `model=tcn`.
        axes: Text of each sweep by its key, as `interval(0,0.6)` of `model.dropout`.
        distributions: The same for Optuna, by key.
    """

    fixed: tuple[str, ...]
    axes: Mapping[str, str]
    distributions: Mapping[str, Distribution]

    @property
    def asked(self) -> list[str]:
        """All overrides in a fixed order: the same search is asked for by the same list."""
        return sorted([*self.fixed, *self.lines])

    @property
    def lines(self) -> list[str]:
        """The axes as overrides."""
        return [f"{key}={text}" for key, text in self.axes.items()]

    def overrides(self, values: Mapping[str, Any]) -> list[str]:
        """Overrides of the trial with these values."""
        return [*self.fixed, *(f"{key}={value}" for key, value in values.items())]

    def first(self) -> list[str]:
        """Overrides of one point of the space, to check the names before any work."""
        values = {
            key: one.choices[0] if isinstance(one, CategoricalDistribution) else one.low
            for key, one in self.distributions.items()
        }
        return self.overrides(values)


def read_space(arguments: Sequence[str]) -> Space:
    """Tell what is searched from what is fixed.

    Args:
        arguments: Overrides, as `model=tcn` and `model.dropout=interval(0,0.6)`.

    Raises:
        ValueError: If one cannot be read or belongs to the search itself, or nothing is searched.
    """
    fixed: list[str] = []
    axes: dict[str, str] = {}
    distributions: dict[str, Distribution] = {}
    for argument in arguments:
        override = _parse(argument)
        key = override.key_or_group
        if _is_of(key, OF_THE_SEARCH):
            raise ValueError(f"{argument}: a search sets {key} itself; leave it out")
        if not override.is_sweep_override():
            fixed.append(as_hydra_reads(argument))
            continue
        if _is_of(key, NEVER_SEARCHED):
            raise ValueError(f"{argument}: {key} changes who is tested; give it one value")
        axes[key] = override.get_value_string()
        distributions[key] = _distribution(override)
    if not axes:
        raise ValueError(
            "nothing to choose from: give a key several values, as model.dropout=0.1,0.5, "
            "'model.dropout=interval(0,0.6)' or 'optim.optimizer.lr=tag(log,interval(1e-5,1e-2))'"
        )
    return Space(tuple(fixed), axes, distributions)


def _is_of(key: str, names: Sequence[str]) -> bool:
    return any(key == name or key.startswith((f"{name}.", f"{name}/")) for name in names)


def _parse(argument: str) -> Override:
    try:
        override: Override = OverridesParser.create().parse_override(as_hydra_reads(argument))
    except HydraException as error:
        raise ValueError(f"{argument}: {first_line(error)}; expected KEY=VALUE") from None
    if override.is_add() or override.is_delete() or override.is_force_add() or override.package:
        raise ValueError(f"{argument}: a search takes KEY=VALUE and GROUP=OPTION, no + ~ or @")
    return override


def _distribution(override: Override) -> Distribution:
    """Hydra's sweep for Optuna; the values of a list are told apart by their text."""
    sweep = override.value()
    try:
        if isinstance(sweep, IntervalSweep):
            low, high, is_log = sweep.start, sweep.end, "log" in sweep.tags
            if isinstance(low, int) and isinstance(high, int):
                return IntDistribution(low, high, log=is_log)
            return FloatDistribution(float(low or 0), float(high or 0), log=is_log)
        if isinstance(sweep, RangeSweep) and not sweep.shuffle:
            numbers = list(sweep.range())
            if numbers and all(isinstance(one, int) for one in numbers) and sweep.step > 0:
                return IntDistribution(int(numbers[0]), int(numbers[-1]), step=int(sweep.step))
        if override.is_discrete_sweep():
            choices = dict.fromkeys(override.sweep_string_iterator())
            return CategoricalDistribution(tuple(choices))
    except (ValueError, HydraException) as error:
        raise ValueError(f"{override.input_line}: {first_line(error)}") from None
    raise ValueError(f"{override.input_line}: not a list, choice, range or interval")
