"""The same cover on every processor: with and without wide vectors, fused products, other BLAS."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

CODE = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_cover_trained import pictures_with_proof
from satdesk.files.cover_networks import cover_networks
from satdesk.radiometry.cover_found import snow_and_cores
from satdesk.radiometry.cover_trained import told_by_networks
for picture in pictures_with_proof():
    told = told_by_networks(picture, snow_and_cores(picture)[2], cover_networks())
    parts = (told.cloud, told.shadow, told.not_told)
    print([hashlib.sha256(part.tobytes()).hexdigest() for part in parts], told.height_m, told.score)
"""


def _told(**environment):
    command = [sys.executable, "-c", CODE, str(Path(__file__).parent)]
    run = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return run.stdout


def test_a_plain_processor_tells_what_a_wide_one_tells():
    wide = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    if not wide:
        pytest.skip("this processor, or this numpy, has no wide vectors to do without")
    plain = _told(NPY_DISABLE_CPU_FEATURES=" ".join(wide), OPENBLAS_CORETYPE="Prescott")
    assert plain == _told(OPENBLAS_NUM_THREADS="1")
    assert plain.count("[") == 2
    assert np.array(plain.split()).size
