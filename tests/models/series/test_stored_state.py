"""States of detectors that are in a store are read by this version, and what it writes by the one before."""

import json

from opsplug.models.series.anomaly import StreamingDetector
from opsplug.models.series.outage import OutageDetector

START, HOUR = 1_700_000_000.0, 3600.0


def test_attributes_of_the_anomaly_detector_keep_their_stored_keys():
    detector = StreamingDetector()
    for hour in range(60):
        detector.update(START + hour * HOUR, 50.0 + hour % 7)
    detector.update(START - 400 * 24 * HOUR, 50.0)  # a clock set back by more than a year
    detector.constant = True
    state = json.loads(json.dumps(detector.to_dict()))
    assert (state["strange"], state["still"]) == (START - 400 * 24 * HOUR, True)
    assert not {"outlier_time", "constant"} & set(state)
    again = StreamingDetector.from_dict(state)
    assert (again.outlier_time, again.constant) == (detector.outlier_time, True)
    assert not {"strange", "still"} & set(vars(again))


def test_a_reported_outage_keeps_its_stored_key():
    state = {"hours": 3, "weeks": [20.0, 21.0, 22.0], "told": True}
    detector = OutageDetector.from_dict(state)
    assert detector.reported and not detector.update(0.0, [7.0, 7.0, 7.0])
    assert detector.to_dict() == {"hours": 4, "weeks": [27.0, 28.0, 29.0], "told": True}
