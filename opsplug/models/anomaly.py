"""The public name of the anomaly detector; see `opsplug.models.series.anomaly`."""

from opsplug.models.series.anomaly import AnomalyScore, StreamingDetector

__all__ = ["AnomalyScore", "StreamingDetector"]
