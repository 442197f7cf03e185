"""A stand-in for `python -m opsplug.engine.training_process` that would go on for a minute."""

import sys
import threading
import time

from opsplug.training.__main__ import end_with_parent

sys.stdin.buffer.readline()
threading.Thread(target=end_with_parent, daemon=True).start()
time.sleep(600)
