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


def extension(name: str, sources: tuple[str, ...], headers: tuple[str, ...] = ()) -> Extension:
    """One extension, compiled where that is possible."""
    return Extension(
        f"satdesk.{name}",
        sources=[f"src/kernel/{source}.c" for source in sources],
        depends=[f"src/kernel/{header}.h" for header in headers],
        extra_compile_args=["/O2", "/fp:precise"] if sys.platform == "win32" else GNU,
        py_limited_api=True,
        optional=True,
    )


setup(
    ext_modules=[
        extension("_kernel", SOURCES, ("kernel", "ground", "rows", "window")),
        extension("_blocks", ("blocks",)),
        extension("_colours", ("colours",)),
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
