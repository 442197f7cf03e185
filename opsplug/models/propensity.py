"""The public name of the propensity model; see `opsplug.models.visitors.propensity`."""

from opsplug.models.visitors.propensity import PropensityModel

__all__ = ["PropensityModel"]
