"""Configuration: everything that can be set before a stack starts, in one typed tree.

`tree.py` is the tree and its defaults; `readers.py` turns words into values; `settings.py` names every setting, its
place in the tree, its environment variable and its flag; `sources.py` merges file, environment and flags, in that
order, and refuses what is wrong with the place where it was said. Knobs of the running stack are `policy`'s; here
they are a table of values to start with. May import: policy.
"""

from tapip_rs.config.settings import SETTINGS, Setting
from tapip_rs.config.sources import load, make
from tapip_rs.config.tree import Bridge, Config, ConfigError, Host, Tap

__all__ = ["SETTINGS", "Bridge", "Config", "ConfigError", "Host", "Setting", "Tap", "load", "make"]
