"""Files in and out; rasterio only here and in bundles."""
