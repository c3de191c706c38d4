"""Loops over a block's bytes and words, compiled by numba where they are first called; without the GIL.

A kernel calls none of another file, and is given what it depends on: numba's cache knows of changes in a kernel's own
file only. Each does one thing, so that a few lines of plain Python can say what it is to give.
"""
