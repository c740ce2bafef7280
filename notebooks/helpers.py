"""Lets ``import helpers`` work in every notebook here, also where the package was never installed.

conda and Binder make an environment and nothing else. A notebook looks for modules in its own folder
first, finds this file, and is given the package in ``src`` in its place.
"""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
del sys.modules[__name__]
importlib.import_module(__name__)
