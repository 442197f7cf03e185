"""Where opsplug keeps what it knows: one protocol, one embedded implementation on SQLite.

`open_store("sqlite:///shop.db")` is the only way in; the rest of opsplug knows the protocol alone.
"""
