"""Districts and sites by any of their names."""
