"""The one thing that pyproject.toml cannot say: a C extension that may be missing.

Where it cannot be compiled, the installation goes on with a notice and satdesk computes the same
bytes with numpy.
"""

from __future__ import annotations

import sys

from setuptools import Extension, setup

GNU = ["-O3", "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
       "-Wall", "-Wextra"]  # fmt: skip
SOURCES = ("module", "camera", "rows_plain", "rows_avx2", "rows_avx512")

setup(
    ext_modules=[
        Extension(
            "satdesk._kernel",
            sources=[f"src/kernel/{name}.c" for name in SOURCES],
            depends=[f"src/kernel/{name}.h" for name in ("kernel", "ground", "rows", "window")],
            extra_compile_args=["/O2", "/fp:precise"] if sys.platform == "win32" else GNU,
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
