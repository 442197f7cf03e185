"""The public name of the forecasts; see `opsplug.models.series.forecast`."""

from opsplug.models.series.forecast import Forecast, forecast, runs_out

__all__ = ["Forecast", "forecast", "runs_out"]
