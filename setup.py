"""The one thing that pyproject.toml cannot say: a C extension that may be missing.

Where it cannot be compiled, the installation goes on with a notice and satdesk computes the same
bytes with numpy.
"""

from __future__ import annotations

import sys

from setuptools import Extension, setup

GNU = ["-O3", "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
       "-Wall", "-Wextra"]  # fmt: skip
SOURCES = ("module", "rows", "window", "ground", "camera")

setup(
    ext_modules=[
        Extension(
            "satdesk._kernel",
            sources=[f"src/kernel/{name}.c" for name in SOURCES],
            depends=["src/kernel/kernel.h", "src/kernel/rows.h"],
            extra_compile_args=["/O2", "/fp:precise"] if sys.platform == "win32" else GNU,
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
