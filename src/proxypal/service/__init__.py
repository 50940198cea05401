"""Wires sources to the store and reports what happens. No formats and no SQL here."""
