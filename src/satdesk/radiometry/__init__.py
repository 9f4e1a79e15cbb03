"""How bright: calibration, pansharpening, tone."""
