#!/bin/sh
# What is quadratic in others stays linear here; of the shapes those that cost little: the campaign has them all.
exec tests/tool/growth.sh chains conflicts holes repeats waiting
