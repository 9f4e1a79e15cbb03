"""Values: frozen, checked, without files and without a clock."""
