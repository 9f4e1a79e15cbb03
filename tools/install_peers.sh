#!/usr/bin/env bash
# The programs that benchmarks/bench.py compares satdesk with, where they can be had: GDAL's and OTB's
# commands by apt on Debian and its kin, orthority in an environment of its own below the given folder.
# A peer that cannot be installed is left out of the comparison, which says so.
set -eu
home="${1:-.bench}"
mkdir -p "$home"
missing=""
command -v gdalwarp >/dev/null 2>&1 || missing="$missing gdal-bin"
command -v gdal_pansharpen.py >/dev/null 2>&1 || missing="$missing python3-gdal"
command -v otbcli_OrthoRectification >/dev/null 2>&1 || missing="$missing otb-bin"
if [ -n "$missing" ] && command -v apt-get >/dev/null 2>&1; then
  as_root=""
  [ "$(id -u)" = 0 ] || as_root="sudo"
  $as_root apt-get update -qq
  # shellcheck disable=SC2086 # one word a package
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    echo "not installed:$missing" >&2
fi
if [ ! -x "$home/orthority-venv/bin/oty" ]; then
  python3 -m venv "$home/orthority-venv"
  "$home/orthority-venv/bin/pip" install --quiet "orthority>=0.6" || echo "not installed: orthority" >&2
fi
