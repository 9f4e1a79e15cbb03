"""Running layers: serial, threads, dask."""
