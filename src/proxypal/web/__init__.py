"""The pages and the HTTP API: what a browser or a program is answered.

Stands on the functions of `service`, like the command line. Must not enter: SQL, files of the
store, sources.
"""
