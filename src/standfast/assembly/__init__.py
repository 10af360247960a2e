"""Puts the rooms together.

The only place that names a concrete capture or destination: a new one is one module and one line here.
"""
