#!/bin/sh
# Makes configure from a fresh clone.
cd "$(dirname "$0")" && exec autoreconf --install --warnings=all
