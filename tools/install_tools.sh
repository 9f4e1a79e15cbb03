#!/usr/bin/env bash
# The programs that the tests hold satdesk against, on Debian and its kin: Chromium for the page,
# GDAL, exiftool and poppler as oracles, ImageMagick and cwebp for what people do to pictures, PROJ's
# grids. Does nothing where all of them are there.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v gdalinfo >/dev/null 2>&1 || missing="$missing gdal-bin"
python3 -c "import osgeo_utils" 2>/dev/null || /usr/bin/python3 -c "import osgeo_utils" 2>/dev/null || missing="$missing python3-gdal"
command -v exiftool >/dev/null 2>&1 || missing="$missing libimage-exiftool-perl"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
command -v convert-im6.q16 >/dev/null 2>&1 || command -v magick >/dev/null 2>&1 || missing="$missing imagemagick"
command -v cwebp >/dev/null 2>&1 || missing="$missing webp"
command -v cs2cs >/dev/null 2>&1 || missing="$missing proj-bin"
[ -e /usr/share/proj/us_nga_egm96_15.tif ] || [ -e /usr/share/proj/egm96_15.gtx ] || missing="$missing proj-data"
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  echo "not installed:$missing; the tests that need them will be skipped" >&2
  exit 0
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # one word a package
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
