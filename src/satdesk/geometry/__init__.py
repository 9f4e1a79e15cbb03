"""Where: sensor models, terrain, grids, resampling, registration."""
