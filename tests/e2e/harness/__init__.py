"""A real Envoy in front of the emulated clouds: for `make run`, `make demo` and the tests.

Standard library only, but for `http2` and `certificates`, which only tests use. README.md beside this folder
shows how a test is written with it.
"""
