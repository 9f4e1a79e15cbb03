"""The weights of a scene that shows but a part of a wide district."""

from dataclasses import dataclass, replace

import numpy as np

from layers import BGRN, Texture, utm_grid
from satdesk.core.bands import PAN
from satdesk.release.weights import fitted_weights


@dataclass(frozen=True)
class Part:
    """Rows of a layer; `pan` = the mean of its bands."""

    source: Texture
    rows: int
    pan: bool

    @property
    def grid(self):
        return self.source.grid

    @property
    def quantity(self):
        return self.source.quantity

    @property
    def bands(self):
        return (PAN,) if self.pan else BGRN

    def read(self, grid):
        raster = self.source.read(grid)
        first = round((self.grid.affine.f - grid.affine.f) / -grid.affine.e)
        valid = raster.valid & (first + np.arange(grid.shape[0]) < self.rows)[:, None]
        values = raster.values.astype(np.float32)
        if self.pan:
            values = values.mean(axis=0, keepdims=True)
        return replace(raster, values=values, valid=valid, bands=self.bands)


def test_a_scene_between_all_of_few_windows_is_found_by_more():
    wide = Texture(grid=utm_grid(3000, 20_000), holes=1_000_000)
    found = fitted_weights(Part(wide, 900, True), Part(wide, 900, False), ratio=4)
    np.testing.assert_allclose(found.weights.weights, 0.25, atol=0.01)
