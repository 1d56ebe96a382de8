"""Debian roots to test in, made once and kept in a cache: see `recipe.Recipe`, and `enter-root.sh` to look into one."""
